import type { Clock } from "@conclave/base";
import type { MemberId } from "@conclave/raft";
import { formatId } from "../peer/peer-protocol.ts";

/** How long a new member waits for the others to say anything: far longer than elections and restarts take. Milliseconds. */
export const WELCOME_WAIT_MS = 300_000;

/** A new member gave up: it has nothing of its cluster's state, and nobody speaks to it. */
export class NeverWelcomed extends Error {
  override readonly name = "NeverWelcomed";

  constructor(id: MemberId) {
    super(
      `no member of its cluster has spoken to the new member ${formatId(id)} for ${WELCOME_WAIT_MS / 60_000} minutes; ` +
        "if the others list it, start it again when they run; if they do not, it was removed: add it again and start it with an empty data directory",
    );
  }
}

/**
 * The time in which a new member has been sent nothing yet. A leader sends it the log or a snapshot as soon as it runs; but if it was
 * removed before that, only those tell who know of it, and those it knows may all be gone.
 */
export class Newcomer {
  readonly #clock: Clock;
  readonly #hasState: () => boolean;
  #heardMs: number;

  /** @param hasState it has been sent the log or a snapshot, and so knows the members */
  constructor(clock: Clock, hasState: () => boolean) {
    this.#clock = clock;
    this.#hasState = hasState;
    this.#heardMs = clock.nowMs();
  }

  /** A member spoke to it. */
  onHeard(): void {
    this.#heardMs = this.#clock.nowMs();
  }

  /** `arrived`: it is a member as any other from now on. `forgotten`: it has waited long enough. */
  look(): "waiting" | "arrived" | "forgotten" {
    if (this.#hasState()) return "arrived";
    return this.#clock.nowMs() - this.#heardMs > WELCOME_WAIT_MS ? "forgotten" : "waiting";
  }
}
