import { assert, type Prng, seededPrng, VirtualClock } from "@conclave/base";
import type { MemberNode } from "@conclave/server/simulation";
import { microtasksDone } from "./clock.ts";
import { Failpoints } from "./failpoints.ts";
import { type MemberTerms, SimulatedMember, type Surroundings } from "./member.ts";
import { Network, type NetworkSpeed } from "./network.ts";
import { forkPrng } from "./prng.ts";
import { MessageTampering } from "./tampering.ts";
import { Trace } from "./trace.ts";

export interface ClusterOptions extends MemberTerms {
  readonly seed: number;
  /** Members. 1 to 7. */
  readonly size: number;
  readonly network: NetworkSpeed;
  /** Last lines of the trace to keep. Default 400. */
  readonly traceLinesMax?: number;
  /** Waits until all that an event led to is done. Default: {@link microtasksDone}. */
  readonly settle?: () => Promise<void>;
  /** Told of a member that came up, before it takes part. */
  readonly onBooted?: (member: SimulatedMember, node: MemberNode) => void;
}

/** Events at one moment beyond which the members are said to spin. Count. */
const INSTANT_EVENTS_MAX = 20_000;

/** What looks at the cluster after every event. Throws if it sees what must not be. */
export interface Observer {
  onEvent(cluster: Cluster): void;
}

/** A cluster of whole members in one thread: one clock, one source of randomness, one event at a time. */
export class Cluster implements Surroundings {
  readonly clock = new VirtualClock();
  readonly trace: Trace;
  readonly network: Network;
  readonly failpoints = new Failpoints();
  readonly tampering: MessageTampering;
  readonly #members: SimulatedMember[];
  readonly #founderIds: readonly bigint[];
  readonly #prng: Prng;
  readonly options: ClusterOptions;
  /** Changes when the cluster is replaced by another one. */
  clusterId = 0xc1n;
  /** States replaced by a received snapshot, as the members log it. Count. */
  snapshotsInstalled = 0;
  readonly #clockJumps: { readonly atMs: number; readonly byMs: number }[] = [];
  /** The first thing that went wrong outside of an event: in a promise, or reported as fatal by a member. */
  #failure: unknown = null;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.trace = new Trace(options.traceLinesMax ?? 400);
    const prng = seededPrng(options.seed);
    this.network = new Network({
      clock: this.clock,
      prng: forkPrng(prng),
      speed: options.network,
      onDelivery: (from, to, bytes) => {
        this.trace.addQuietly(this.clock.nowMs(), from.charCodeAt(1), to.charCodeAt(1), bytes);
      },
    });
    const ids = Array.from({ length: options.size }, (_, at) => BigInt(at + 1));
    this.#founderIds = ids;
    this.#members = ids.map((id) => new SimulatedMember(this, id, ids, forkPrng(prng)));
    this.tampering = new MessageTampering(forkPrng(prng));
    this.#prng = prng;
  }

  /** Those who formed the cluster, then those who joined, the removed ones too. */
  get members(): readonly SimulatedMember[] {
    return this.#members;
  }

  /** A member with an empty disk, for one that was added to the cluster. Not started. */
  join(id: bigint): SimulatedMember {
    assert(!this.#members.some((member) => member.id === id), "an id is used once");
    const knowing = this.running.find(({ node }) => node?.member.machine.members().has(id));
    const listed = [...(knowing?.node?.member.machine.members().keys() ?? [])];
    const contacts = listed.filter((other) => other !== id);
    const member = new SimulatedMember(this, id, this.#founderIds, forkPrng(this.#prng), contacts);
    this.#members.push(member);
    return member;
  }

  /** Members whose process runs and has read its disk. */
  get running(): readonly SimulatedMember[] {
    return this.members.filter(({ node }) => node !== null);
  }

  onBooted(member: SimulatedMember, node: MemberNode): void {
    this.options.onBooted?.(member, node);
  }

  note(text: string): void {
    this.trace.add(this.clock.nowMs(), text);
  }

  fail(error: unknown): void {
    this.#failure ??= error;
  }

  onClockJump(byMs: number): void {
    this.#clockJumps.push({ atMs: this.clock.nowMs(), byMs });
  }

  /** The most that passed on the clock of any member between two moments of the shared one. Milliseconds. */
  fastestClockMs(fromMs: number, toMs: number): number {
    const rate = Math.max(...this.members.map(({ clockRate }) => clockRate));
    const jumps = this.#clockJumps.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return (toMs - fromMs) * rate + jumps.reduce((sum, { byMs }) => sum + byMs, 0);
  }

  /**
   * Lets time pass until `untilMs`, or until `isDone`, looked at after every event. Between two events everything that promises had to do
   * is done, so the order of things is the clock's alone.
   */
  async run(
    untilMs: number,
    observer: Observer,
    isDone: () => boolean = () => false,
  ): Promise<boolean> {
    const { settle = microtasksDone } = this.options;
    // Out of a callback of node's tick queue, where a tick of ours would come before the microtasks.
    await null;
    await settle();
    let instantMs = -1;
    let atInstant = 0;
    while (!isDone() && this.clock.fireNext(untilMs)) {
      atInstant = this.clock.nowMs() === instantMs ? atInstant + 1 : 0;
      instantMs = this.clock.nowMs();
      assert(
        atInstant < INSTANT_EVENTS_MAX,
        "time stands still: something asks for turn after turn",
      );
      await settle();
      if (this.#failure !== null) throw this.#failure;
      observer.onEvent(this);
    }
    return isDone();
  }
}
