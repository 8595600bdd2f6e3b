import { ConnectionFault, ErrorCode } from "./error-code.ts";
import { WINDOW_BYTES_DEFAULT } from "./frame.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { Stream } from "./stream.ts";

/** Counts the DATA that the peer sends against the windows we gave it (RFC 9113 5.2), and widens them again. */
export class Inflow {
  readonly #writer: FrameWriter;
  readonly #limits: ConnectionLimits;
  #window: number;
  /** Octets read and not yet given back. They count as read as they come: streams hold back on their own. */
  #consumedBytes = 0;

  constructor(writer: FrameWriter, limits: ConnectionLimits) {
    this.#writer = writer;
    this.#limits = limits;
    this.#window = limits.connectionWindowBytes;
  }

  /** Raises the connection's window from the protocol's default to the limit: part of the first flight. */
  open(): void {
    const increment = this.#limits.connectionWindowBytes - WINDOW_BYTES_DEFAULT;
    if (increment > 0) this.#writer.windowUpdate(0, increment);
  }

  /** @returns whether a frame was written. */
  consume(flowBytes: number): boolean {
    this.#window -= flowBytes;
    if (this.#window < 0) {
      throw new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the connection window");
    }
    this.#consumedBytes += flowBytes;
    if (this.#consumedBytes * 2 < this.#limits.connectionWindowBytes) return false;
    this.#writer.windowUpdate(0, this.#consumedBytes);
    this.#window += this.#consumedBytes;
    this.#consumedBytes = 0;
    return true;
  }

  /** Lets the peer send what was read on a stream, once it is worth a frame. @returns whether a frame was written. */
  giveBack(stream: Stream): boolean {
    if (stream.remoteClosed) return false;
    if (stream.consumedBytes * 2 < this.#limits.streamWindowBytes) return false;
    this.#writer.windowUpdate(stream.id, stream.consumedBytes);
    stream.receiveWindow += stream.consumedBytes;
    stream.consumedBytes = 0;
    return true;
  }
}
