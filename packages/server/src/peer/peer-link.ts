import type { Clock, Timer } from "@conclave/base";
import { encodeMessage, type MemberId, type Message } from "@conclave/raft";
import type { Caller, CallStatus, ClientStream } from "@conclave/rpc";
import type { Logger } from "../observe/logger.ts";
import { FRAME_CHECK_BYTES, sealInPlace } from "./peer-frame.ts";
import { formatId, PeerPath, REMOVED_STATUS } from "./peer-protocol.ts";

/** How long a link waits before it is opened again after it ended. Milliseconds. */
const REOPEN_DELAY_MS = 100;

export interface PeerLinkOptions {
  readonly to: MemberId;
  readonly caller: Caller;
  readonly identity: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A message was dropped or the link ended: the core should probe again. */
  readonly onUnreachable: (id: MemberId) => void;
  /** The peer says that this member was removed from the cluster. */
  readonly onRemoved: () => void;
}

/**
 * One member's stream of Raft messages to another. Raft asks for no delivery promise, only for bounded memory:
 * while the stream is down or its buffer is full, messages are dropped and the core is told.
 */
export class PeerLink {
  readonly #o: PeerLinkOptions;
  #stream: ClientStream | null = null;
  #reopenTimer: Timer | null = null;
  #closed = false;
  /** Last failure that was logged: a peer that stays away is one line, not one in every 100 ms. */
  #lastFailure = "";
  #openSinceMs: number | null = null;

  constructor(options: PeerLinkOptions) {
    this.#o = options;
    this.#open();
  }

  get isOpen(): boolean {
    return this.#openSinceMs !== null;
  }

  /** By the clock it was given; null while it is not open. */
  get openSinceMs(): number | null {
    return this.#openSinceMs;
  }

  send(message: Message): void {
    const stream = this.#stream;
    if (stream === null || !stream.writable) {
      if (message.type === "append") this.#o.onUnreachable(this.#o.to);
      return;
    }
    stream.send(sealInPlace(encodeMessage(message, FRAME_CHECK_BYTES)));
  }

  close(): void {
    this.#closed = true;
    this.#reopenTimer?.cancel();
    this.#stream?.cancel();
    this.#stream = null;
  }

  #open(): void {
    if (this.#closed) return;
    this.#stream = this.#o.caller.stream(
      PeerPath.link,
      { metadata: this.#o.identity, waitForReady: true },
      {
        onOpen: () => {
          this.#openSinceMs = this.#o.clock.nowMs();
          this.#lastFailure = "";
          this.#o.logger.info("peer link open", { peer: formatId(this.#o.to) });
        },
        onMessage: () => {},
        onEnd: (status) => this.#onEnd(status),
      },
    );
  }

  #onEnd(status: CallStatus): void {
    this.#stream = null;
    this.#openSinceMs = null;
    if (this.#closed) return;
    this.#o.onUnreachable(this.#o.to);
    const failure = `${status.code} ${status.message}`;
    if (failure !== this.#lastFailure) {
      this.#lastFailure = failure;
      this.#o.logger.warn("peer link ended", { peer: formatId(this.#o.to), reason: failure });
    }
    if (status.code === REMOVED_STATUS) this.#o.onRemoved();
    this.#reopenTimer = this.#o.clock.setTimer(REOPEN_DELAY_MS, () => this.#open());
  }
}
