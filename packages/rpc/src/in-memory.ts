import type { Clock } from "@conclave/base";
import type { PeerAddress } from "./call.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import type { Dial } from "./dial.ts";
import type { ByteLink, LinkReceiver } from "./link.ts";
import type { RpcServer } from "./server.ts";
import { type AtTurnEnd, clockTurn } from "./turn.ts";

/** Octets under way to an end that does not read, above which a write is not done: a socket's send buffer. */
const IN_FLIGHT_BYTES_MAX = 256 * 1024;

const PEER: PeerAddress = { remoteAddress: "in-memory", remotePort: 0, certificateName: null };

/** One end of a pair: what is written here arrives there, in order, in a turn of its own. */
class MemoryLink implements ByteLink {
  readonly peer = PEER;
  readonly encrypted = false;
  other!: MemoryLink;

  readonly #soon: AtTurnEnd;
  #receiver: LinkReceiver | null = null;
  /** Chunks written by the other end and not delivered. Bounded by what the other end is allowed in flight. */
  #arriving: Buffer[] = [];
  #arrivingBytes = 0;
  #deliveryAsked = false;
  #paused = false;
  #ended = false;
  #otherWaits = false;
  #closed = false;

  constructor(soon: AtTurnEnd) {
    this.#soon = soon;
  }

  start(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#askDelivery();
  }

  write(chunks: readonly Buffer[]): boolean {
    if (this.#closed) return true;
    return this.other.#accept(Buffer.concat(chunks));
  }

  /** @returns whether the writer may reuse its buffers at once; it always may, but it must wait if we lag behind. */
  #accept(chunk: Buffer): boolean {
    this.#arriving.push(chunk);
    this.#arrivingBytes += chunk.length;
    this.#askDelivery();
    if (this.#arrivingBytes <= IN_FLIGHT_BYTES_MAX) return true;
    this.#otherWaits = true;
    return false;
  }

  #askDelivery(): void {
    if (this.#deliveryAsked || this.#receiver === null) return;
    this.#deliveryAsked = true;
    this.#soon(() => {
      this.#deliveryAsked = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#closed || this.#paused) return;
    const chunks = this.#arriving;
    this.#arriving = [];
    this.#arrivingBytes = 0;
    for (const chunk of chunks) if (!this.#closed) this.#receiver!.onBytes(chunk);
    if (this.#otherWaits) {
      this.#otherWaits = false;
      if (!this.other.#closed) this.other.#receiver?.onWritten();
    }
    if (this.#ended && !this.#closed && this.#arriving.length === 0) this.#close();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#askDelivery();
  }

  end(): void {
    if (this.#closed) return;
    this.other.#ended = true;
    this.other.#askDelivery();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#close();
  }

  /** Both ends learn of it, each in a turn of its own. */
  #close(): void {
    for (const end of [this, this.other]) {
      if (end.#closed) continue;
      end.#closed = true;
      this.#soon(() => end.#receiver?.onClosed(null));
    }
  }
}

/** Two ends of a connection without a socket. What is written at one arrives at the other by `soon`. */
export function memoryLinks(soon: AtTurnEnd): readonly [ByteLink, ByteLink] {
  const here = new MemoryLink(soon);
  const there = new MemoryLink(soon);
  here.other = there;
  there.other = here;
  return [here, there];
}

/** Servers by the name that a channel calls them; null or absent: nobody listens there. */
export type MemoryNetwork = (endpoint: string) => RpcServer | null;

/** Dials servers in this process. */
export function memoryDial(network: MemoryNetwork, soon: AtTurnEnd): Dial {
  return (target, result) => {
    let givenUp = false;
    soon(() => {
      if (givenUp) return;
      const server = network(target.endpoint);
      if (server === null) {
        result.onFailed("connection refused", true);
        return;
      }
      const [ours, theirs] = memoryLinks(soon);
      server.acceptLink(theirs);
      result.onLink(ours);
    });
    return () => {
      givenUp = true;
    };
  };
}

/**
 * A channel to one server in this process: the frames, windows, deadlines and limits are those of a socket, only the
 * socket is missing. Deterministic if the server was made with the same clock and `clockTurn(clock)`, which is also
 * the default here.
 */
export function memoryChannel(
  server: RpcServer,
  clock: Clock,
  options: Partial<ChannelOptions> = {},
): Channel {
  const atTurnEnd = options.atTurnEnd ?? clockTurn(clock);
  const dial = memoryDial(() => server, atTurnEnd);
  return new Channel({ endpoints: ["memory:1"], clock, atTurnEnd, dial, ...options });
}
