import { Lease, type LeaseKeepAliveRequestInit, type LeaseKeepAliveResponse } from "@conclave/wire";
import type { MessageHandler, MessageStream, Transport } from "../transport/transport.ts";

/** What a lane reports. */
export interface LaneListener {
  /** The renewal sent at `sentAtMs` was answered; `ttlSeconds` 0 means that the lease is gone. */
  onAnswer(lane: KeepAliveLane, sentAtMs: number, ttlSeconds: number): void;
  /** The stream broke; a renewal under way on it is lost. */
  onBroken(lane: KeepAliveLane): void;
}

/**
 * One keep-alive stream of one lease, with at most one renewal under way: an answer carries no mark of the request it
 * belongs to, and counting it from a later request's send time would claim too much.
 */
export class KeepAliveLane {
  readonly #leaseId: bigint;
  readonly #stream: MessageStream<LeaseKeepAliveRequestInit>;
  #sentAtMs: number | null = null;

  /** On another member than `avoidEndpoint`, if there is one. */
  constructor(
    transport: Transport,
    leaseId: bigint,
    listener: LaneListener,
    avoidEndpoint: string | null,
  ) {
    this.#leaseId = leaseId;
    const handler: MessageHandler<LeaseKeepAliveResponse> = {
      onMessage: (answer) => {
        const sentAtMs = this.#sentAtMs;
        if (answer.ID !== leaseId || sentAtMs === null) return;
        this.#sentAtMs = null;
        listener.onAnswer(this, sentAtMs, answer.TTL);
      },
      onEnd: () => listener.onBroken(this),
    };
    this.#stream = transport.stream(Lease.LeaseKeepAlive, handler, avoidEndpoint);
  }

  get endpoint(): string | null {
    return this.#stream.endpoint;
  }

  get isIdle(): boolean {
    return this.#sentAtMs === null;
  }

  /** Requires: idle. */
  renew(nowMs: number): void {
    this.#sentAtMs = nowMs;
    this.#stream.send({ ID: this.#leaseId });
  }

  close(): void {
    this.#stream.cancel();
  }
}
