import type { Clock } from "@conclave/base";
import type { MemberId } from "@conclave/raft";
import type { StateMachine } from "@conclave/state-machine";
import { formatId } from "../peer/peer-protocol.ts";

/** How long a member goes on after it has read of its own removal: answers still leave, and what it committed spreads. Ms. */
const GRACE_MS = 1_000;

/** This member was removed from its cluster, for ever: its data is of no use to anybody. */
export class MemberRemoved extends Error {
  override readonly name = "MemberRemoved";

  constructor(id: MemberId) {
    super(
      `member ${formatId(id)} was removed from its cluster and stops; ` +
        "to use this machine again, add a member and start it with an empty data directory",
    );
  }
}

/** Notices that this member was removed: by its own log, or told by the others, who do not talk to it any more. */
export class Removal {
  readonly #self: MemberId;
  readonly #machine: StateMachine;
  readonly #clock: Clock;
  readonly #onRemoved: (error: MemberRemoved) => void;
  #isNoticed = false;

  constructor(options: {
    readonly self: MemberId;
    readonly machine: StateMachine;
    readonly clock: Clock;
    readonly onRemoved: (error: MemberRemoved) => void;
  }) {
    this.#self = options.self;
    this.#machine = options.machine;
    this.#clock = options.clock;
    this.#onRemoved = options.onRemoved;
  }

  /** The error to refuse a start with; null: a member still, as far as the state here tells. */
  get error(): MemberRemoved | null {
    const isRemoved = this.#machine.removedMembers().has(this.#self);
    return isRemoved ? new MemberRemoved(this.#self) : null;
  }

  /** The membership here has changed. */
  look(): void {
    const { error } = this;
    if (error !== null) this.#notice(error, GRACE_MS);
  }

  onTold(): void {
    this.#notice(new MemberRemoved(this.#self), 0);
  }

  #notice(error: MemberRemoved, afterMs: number): void {
    if (this.#isNoticed) return;
    this.#isNoticed = true;
    this.#clock.setTimer(afterMs, () => this.#onRemoved(error));
  }
}
