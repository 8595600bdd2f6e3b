import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { Cluster, forkPrng, type SimulatedMember } from "@conclave/testing/cluster";
import { checkLeases } from "./checks/leases.ts";
import { LedgerStates } from "./checks/ledger.ts";
import { LiveChecks } from "./checks/live.ts";
import { checkLocks } from "./checks/locks.ts";
import { checkReads, checkRealTime } from "./checks/reads.ts";
import { Violation } from "./checks/violation.ts";
import { checkWatches } from "./checks/watches.ts";
import { checkWrites } from "./checks/writes.ts";
import { FaultScript, type ScriptedFault } from "./fault-script.ts";
import { type FaultCounts, Faults } from "./faults.ts";
import { History } from "./history.ts";
import { drawOptions } from "./options.ts";
import type { ProbeName } from "./probes.ts";
import { WorkloadClient } from "./workload.ts";

/** How long clients work while things go wrong. Virtual ms. */
const FAULTS_MS = 8_000;
/** After the last fault, everything has to come to rest in this time. Virtual ms. */
const REST_MS = 30_000;
/** Enough for leases of 2 s to end, and for the changes of leaders before that: each may add an election. Virtual ms. */
const LEASES_END_MS = 6_000;
const LEASES_END_ELECTIONS = 4;

const WORKS = ["key-value", "key-value", "lease", "lock", "watch", "key-value", "lock"] as const;

export interface RunReport {
  readonly seed: number;
  /** Equal for equal seeds. */
  readonly traceHash: number;
  readonly events: number;
  readonly operations: number;
  readonly revisions: number;
  readonly leaders: number;
  readonly snapshotsInstalled: number;
  readonly locksHeld: number;
  readonly leasesGranted: number;
  readonly eventsWatched: number;
  readonly faults: FaultCounts;
  /** By "point: action". */
  readonly failpoints: Readonly<Record<string, number>>;
  /** What was done to the cluster, to do it again. */
  readonly faultScript: readonly ScriptedFault[];
  readonly virtualMs: number;
  /** Names of the interesting states that were reached: see probes.ts. */
  readonly probes: readonly ProbeName[];
  /** Hashes of the shapes that the cluster as a whole was seen in. */
  readonly states: readonly number[];
}

/** How a seed is run, other than it usually is. */
export interface RunOptions {
  /** The only faults that happen. Default: all that the seed draws. */
  readonly faults?: readonly ScriptedFault[];
  /** Last lines of the trace to keep. Count. Default 60. */
  readonly traceLinesMax?: number;
  /** Shown the cluster before it starts. */
  readonly onCluster?: (cluster: Cluster) => void;
}

/** A run that broke a promise, with what is needed to see it again. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
  readonly seed: number;
  /** What had been done to the cluster until then. */
  readonly faults: readonly ScriptedFault[];
  readonly trace: readonly string[];
  /** The row of the invariants' table, if the message names one: "R19". */
  readonly invariant: string;

  constructor(cluster: Cluster, faults: readonly ScriptedFault[], cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(reason, { cause });
    this.seed = cluster.options.seed;
    this.faults = faults;
    this.trace = cluster.trace.lastLines;
    this.invariant = /^([RMWLKV]\d+)\b/.exec(reason)?.[1] ?? "an assertion";
  }
}

/** One run: first anything fails, then nothing does, and everything must be as promised. */
export async function simulate(seed: number, options: RunOptions = {}): Promise<RunReport> {
  const prng = seededPrng(seed);
  const traceLinesMax = options.traceLinesMax ?? 60;
  const cluster: Cluster = new Cluster({
    ...drawOptions(seed, prng),
    traceLinesMax,
    onBooted: (member, node) => live.onBooted(member, node),
  });
  const live = new LiveChecks(cluster);
  const script = new FaultScript(options.faults);
  options.onCluster?.(cluster);
  try {
    return await new Run(cluster, live, prng, script).run();
  } catch (error) {
    throw new SimulationFailure(cluster, script.faults, error);
  }
}

class Run {
  readonly #cluster: Cluster;
  readonly #prng: Prng;
  readonly #history = new History();
  readonly #live: LiveChecks;
  readonly #script: FaultScript;
  readonly #faults: Faults;
  readonly #clients: readonly WorkloadClient[];
  /** Those that are whole in the end. */
  #core: readonly SimulatedMember[] = [];

  constructor(cluster: Cluster, live: LiveChecks, prng: Prng, script: FaultScript) {
    this.#cluster = cluster;
    this.#prng = prng;
    this.#live = live;
    this.#script = script;
    const faultsMs = nextChance(prng, 0.95) ? FAULTS_MS : 0;
    this.#faults = new Faults(cluster, forkPrng(prng), script, faultsMs);
    this.#clients = WORKS.map(
      (_, at) => new WorkloadClient(cluster, this.#history, forkPrng(prng), at + 1),
    );
  }

  async run(): Promise<RunReport> {
    const { clock, trace } = this.#cluster;
    this.#faults.start();
    for (const member of this.#cluster.members) member.start();
    const count = 3 + nextBelow(this.#prng, WORKS.length - 2);
    for (const [at, client] of this.#clients.entries()) {
      const work = WORKS[at];
      if (at < count && work !== undefined) client.start(work);
      else client.isDone = true;
    }
    await this.#advance(FAULTS_MS);
    this.#core = this.#faults.end();
    for (const client of this.#clients) client.stop();
    await this.#rest();
    await this.#check();
    return {
      seed: this.#cluster.options.seed,
      traceHash: trace.hash,
      events: trace.count,
      operations: this.#history.operationCount,
      revisions: this.#newestRevision(),
      leaders: this.#live.leaderCount,
      snapshotsInstalled: this.#cluster.snapshotsInstalled,
      locksHeld: this.#history.holds.length,
      leasesGranted: this.#history.leases.length,
      eventsWatched: this.#history.watches.reduce((sum, { events }) => sum + events.length, 0),
      faults: this.#faults.counts,
      failpoints: this.#faults.failpointsTaken,
      faultScript: this.#script.faults,
      virtualMs: clock.nowMs(),
      probes: this.#live.probes.reached,
      states: this.#live.states,
    };
  }

  #advance(ms: number, isDone?: () => boolean): Promise<boolean> {
    return this.#cluster.run(this.#cluster.clock.nowMs() + ms, this.#live, isDone);
  }

  /** V1: every call ends, a leader is there, and all members come to hold the same. */
  async #rest(): Promise<void> {
    const isDone = await this.#advance(REST_MS, () => this.#clients.every((each) => each.isDone));
    if (!isDone || this.#history.pendingCalls > 0) {
      const open = this.#clients.filter((client) => !client.isDone).map(({ name }) => name);
      throw new Violation(`V1: after healing, calls of ${open} do not end`);
    }
    const { electionTimeoutMs } = this.#cluster.options;
    await this.#advance(LEASES_END_MS + LEASES_END_ELECTIONS * electionTimeoutMs);
    if (!(await this.#advance(REST_MS, () => this.#isConverged()))) {
      const positions = this.#core.map(({ name, node }) => {
        if (node === null) return `${name} is down`;
        const { raft, machine } = node.member;
        return `${name} ${raft.role} term ${raft.term} commit ${raft.commitIndex} applied ${machine.appliedIndex}`;
      });
      throw new Violation(`V1: after healing, members do not converge: ${positions.join("; ")}`);
    }
  }

  #isConverged(): boolean {
    const core = this.#core;
    const first = core[0]?.node?.member;
    if (first === undefined) return false;
    return core.every(({ node }) => {
      if (node === null) return false;
      const { raft, machine } = node.member;
      return (
        raft.leader !== 0n &&
        machine.appliedIndex === raft.commitIndex &&
        raft.commitIndex === raft.lastIndex &&
        machine.appliedIndex === first.machine.appliedIndex
      );
    });
  }

  #newestRevision(): number {
    return Math.max(...this.#core.map(({ node }) => node?.member.machine.revision ?? 0));
  }

  async #check(): Promise<void> {
    const reader = this.#clients[0];
    if (reader === undefined) throw new Violation("a run has clients");
    const { writes, reads, watches, leases, holds } = this.#history;
    const ledgers: string[] = [];
    for (const member of this.#core) {
      const { name } = member;
      const at = this.#cluster.members.indexOf(member);
      let ledger: Awaited<ReturnType<WorkloadClient["readLedger"]>> | null = null;
      const read = reader.readLedger(at, this.#newestRevision()).then((events) => {
        ledger = events;
      });
      if (!(await this.#advance(REST_MS, () => ledger !== null))) {
        throw new Violation(`W10: a watch from the beginning does not get to the end at ${name}`);
      }
      await read;
      ledgers.push(JSON.stringify(ledger));
      if (ledgers[0] !== ledgers.at(-1)) throw new Violation(`W5: ${name} tells another history`);
    }
    for (const { name, node } of this.#cluster.running) {
      if (node !== null) this.#live.state.compareState(name, node.member.machine);
    }
    const ledger: Awaited<ReturnType<WorkloadClient["readLedger"]>> = JSON.parse(
      ledgers[0] ?? "[]",
    );
    const states = new LedgerStates(ledger);
    checkWrites(writes, ledger, states);
    checkRealTime(writes, reads);
    checkReads(reads, states);
    checkWatches(watches, ledger);
    checkLeases(
      leases,
      ledger,
      (revision) => this.#live.state.appearedMs(revision),
      (fromMs, toMs) => this.#cluster.fastestClockMs(fromMs, toMs),
    );
    checkLocks(holds, states);
    const left = [...states.at(states.lastRevision).keys()].filter((key) => key.startsWith("l/"));
    if (left.length > 0) throw new Violation(`L2: leases of ${left} did not end`);
  }
}
