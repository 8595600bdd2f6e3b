import { byteStringOf, nextBelow, nextChance, type Prng } from "@conclave/base";
import { type Cluster, forkPrng, type SimulatedMember } from "@conclave/testing/cluster";
import { checkElections } from "./checks/elections.ts";
import { checkLeases } from "./checks/leases.ts";
import type { LiveChecks } from "./checks/live.ts";
import { checkLocks, checkSdkHolds } from "./checks/locks.ts";
import { checkRegisters } from "./checks/registers.ts";
import type { Replay } from "./checks/replay.ts";
import { checkSerial } from "./checks/serial.ts";
import { check, Violation } from "./checks/violation.ts";
import { checkWatchedTo, checkWatches } from "./checks/watches.ts";
import type { FaultScript } from "./fault-script.ts";
import { Faults } from "./faults.ts";
import { History, type Watched } from "./history.ts";
import type { RunReport } from "./run-report.ts";
import { WorkClient } from "./workload/client.ts";
import { workOnElections } from "./workload/elections.ts";
import { workOnKeys } from "./workload/key-value.ts";
import { workOnLeases } from "./workload/leases.ts";
import { workOnLocks } from "./workload/locks.ts";
import { workOnRecipes } from "./workload/recipes.ts";
import { workOnRegisters } from "./workload/registers.ts";
import { followFrom, workOnWatches } from "./workload/watches.ts";

/** How long clients work while things go wrong. Virtual ms. */
const FAULTS_MS = 8_000;
/** After the last fault, everything has to come to rest in this time. Virtual ms. */
const REST_MS = 30_000;
/** Enough for leases of 2 s to end, and for the changes of leaders before that: each may add an election. Virtual ms. */
const LEASES_END_MS = 6_000;
const LEASES_END_ELECTIONS = 4;
/** What a lease of that kind asks for. Seconds. */
const SHORT_TTL_SECONDS = 2;

/** They are always there. */
const WORKS_ALWAYS = [workOnKeys, workOnKeys, workOnWatches] as const;
/** Of these any number, in any selection. */
const WORKS = [
  workOnLeases,
  workOnKeys,
  workOnRecipes,
  workOnRegisters,
  workOnLocks,
  workOnRegisters,
  workOnRecipes,
  workOnWatches,
  workOnElections,
] as const;

/** One run: first anything fails, then nothing does any more, and everything must be as promised. */
export class Run {
  readonly #cluster: Cluster;
  readonly #history = new History();
  readonly #live: LiveChecks;
  readonly #script: FaultScript;
  readonly #faults: Faults;
  readonly #works: readonly ((client: WorkClient) => Promise<void>)[];
  readonly #clients: readonly WorkClient[];
  /** Those that are whole in the end. */
  #core: readonly SimulatedMember[] = [];

  constructor(cluster: Cluster, live: LiveChecks, prng: Prng, script: FaultScript) {
    this.#cluster = cluster;
    this.#live = live;
    this.#script = script;
    const faultsMs = nextChance(prng, 0.95) ? FAULTS_MS : 0;
    this.#faults = new Faults(cluster, forkPrng(prng), script, faultsMs);
    this.#works = [...WORKS_ALWAYS, ...drawSome(WORKS, prng)];
    this.#clients = this.#works.map(
      (_, at) => new WorkClient(cluster, this.#history, forkPrng(prng), `c${at + 1}`),
    );
  }

  async run(): Promise<RunReport> {
    this.#faults.start();
    for (const member of this.#cluster.members) member.start();
    for (const [at, client] of this.#clients.entries()) client.start(this.#works[at] ?? workOnKeys);
    await this.#advance(FAULTS_MS);
    this.#core = this.#faults.end();
    for (const client of this.#clients) client.stop();
    await this.#rest();
    await this.#check();
    return this.#report();
  }

  #report(): RunReport {
    const { clock, trace, options, snapshotsInstalled } = this.#cluster;
    const { operationCount, holds, sdkHolds, leases, watches, eventCount } = this.#history;
    return {
      seed: options.seed,
      traceHash: trace.hash,
      events: trace.count,
      operations: operationCount,
      revisions: this.#newestRevision(),
      leaders: this.#live.leaderCount,
      snapshotsInstalled,
      locksHeld: holds.length,
      recipesHeld: sdkHolds.length,
      leasesGranted: leases.length,
      watches: watches.length,
      eventsWatched: eventCount,
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

  /** Everything that was answered, against what the log made of it. */
  async #check(): Promise<void> {
    const { operations, registers, watches, leases, holds, sdkHolds } = this.#history;
    const { state } = this.#live;
    const last = await this.#followToTheEnd();
    for (const { name, node } of this.#cluster.running) {
      if (node?.member.machine.isLoaded) state.compareState(name, node.member.machine);
    }
    const replay = checkSerial(operations, state.ledger);
    this.#checkEnd(replay);
    checkRegisters(registers);
    checkWatches(watches, replay.model);
    for (const watched of last) checkWatchedTo(watched, replay.model, replay.model.revision);
    checkLeases(leases, replay.leaseEnds, {
      appliedMs: (index) => state.appliedMs(index),
      longestMs: (fromMs, toMs) => this.#cluster.fastestClockMs(fromMs, toMs),
    });
    checkLocks(holds, replay.model);
    checkSdkHolds(sdkHolds, replay.model, this.#areClocksTrue());
    checkElections(this.#history, replay.model, replay.leaseEnds);
  }

  /** Whether a second is a second for everybody: otherwise a lease may end before its holder can know. */
  #areClocksTrue(): boolean {
    const { clock, members } = this.#cluster;
    const areEven = members.every(({ clockRate }) => clockRate === 1);
    return areEven && this.#cluster.fastestClockMs(0, clock.nowMs()) === clock.nowMs();
  }

  /** A watch of everything at each member of the core, from the first revision that can be watched. */
  async #followToTheEnd(): Promise<readonly Watched[]> {
    const reader = this.#clients[0];
    if (reader === undefined) throw new Violation("a run has clients");
    const followed: Watched[] = [];
    for (const { name, node } of this.#core) {
      const at = this.#cluster.members.findIndex((member) => member.name === name);
      const machine = node?.member.machine;
      if (machine === undefined) continue;
      const { revision, compactRevision } = machine;
      let watched: Watched | null = null;
      void followFrom(reader, at, Math.max(1, compactRevision), ({ responses }) => {
        return responses.some(({ revision: seen, kind }) => kind !== "created" && seen >= revision);
      }).then((result) => {
        watched = result;
      });
      const isDone = await this.#advance(REST_MS, () => watched !== null);
      if (!isDone || watched === null) throw new Violation(`W10: a watch at ${name} does not end`);
      followed.push(watched);
    }
    return followed;
  }

  /** M1, M2, L2, L5: what the members have come to is what the model has come to. */
  #checkEnd({ model }: Replay): void {
    const machine = this.#core[0]?.node?.member.machine;
    if (machine === undefined) throw new Violation("V1: nobody is left");
    const pairs = model.states[model.revision] ?? new Map();
    check(
      machine.revision === model.revision,
      () => `M1: revision ${machine.revision}, not ${model.revision}`,
    );
    check(machine.keyCount === pairs.size, () => `M2: ${machine.keyCount} keys, not ${pairs.size}`);
    check(
      machine.compactRevision === model.compactRevision,
      () => `M5: compacted to ${machine.compactRevision}, not ${model.compactRevision}`,
    );
    check(machine.leaseCount === model.leases.size, () => `L5: ${machine.leaseCount} leases`);
    for (const [id, ttlSeconds] of model.leases) {
      check(ttlSeconds > SHORT_TTL_SECONDS, () => `L2: lease ${id} of ${ttlSeconds} s did not end`);
      const keys = machine
        .lease(id)
        ?.keys()
        .map((key) => byteStringOf(key))
        .sort();
      check(
        keys?.join() === model.keysOf(id).join(),
        () => `L5: lease ${id} has keys ${keys}, not ${model.keysOf(id)}`,
      );
    }
  }
}

/** How many is drawn first, so that few and many are as likely; then which. */
function drawSome<T>(all: readonly T[], prng: Prng): readonly T[] {
  const left = [...all];
  const drawn: T[] = [];
  for (let count = nextBelow(prng, all.length + 1); count > 0; count -= 1) {
    drawn.push(...left.splice(nextBelow(prng, left.length), 1));
  }
  return drawn;
}
