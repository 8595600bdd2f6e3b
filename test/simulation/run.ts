import { nextBelow, nextChance, type Prng } from "@conclave/base";
import { type Cluster, forkPrng, type SimulatedMember } from "@conclave/testing/cluster";
import { checkElections } from "./checks/elections.ts";
import { checkEnd, isShort } from "./checks/end.ts";
import { checkLeases } from "./checks/leases.ts";
import type { LiveChecks } from "./checks/live.ts";
import { checkLocks, checkSdkHolds } from "./checks/locks.ts";
import { lookAtChanges, lookAtHistory } from "./checks/reached.ts";
import { checkRegisters } from "./checks/registers.ts";
import { restIndex } from "./checks/rest.ts";
import { checkSerial } from "./checks/serial.ts";
import { Violation } from "./checks/violation.ts";
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
    this.#faults.end();
    for (const client of this.#clients) client.stop();
    await this.#rest();
    await this.#check();
    return this.#report();
  }

  /** Those that are whole in the end. */
  get #core(): readonly SimulatedMember[] {
    return this.#faults.core;
  }

  #report(): RunReport {
    const { counts, failpointsTaken, operator } = this.#faults;
    lookAtHistory(this.#live.probes, this.#history, { counts, failpointsTaken });
    lookAtChanges(this.#live.probes, operator, this.#cluster);
    if (this.#cluster.snapshotsInstalled > 0) this.#live.probes.hit("a snapshot is installed");
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
  }

  /**
   * Waits until leases have ended, and follows everything. What members still had under way may be applied late, even after
   * that, and by one of them before the others: then it is waited for, too. Whether leases did end is for {@link checkEnd} to
   * find.
   */
  async #comeToTheEnd(): Promise<readonly Watched[]> {
    const { clock, options } = this.#cluster;
    const leasesEndMs = LEASES_END_MS + LEASES_END_ELECTIONS * options.electionTimeoutMs;
    const deadlineMs = clock.nowMs() + leasesEndMs;
    for (;;) {
      const leftMs = Math.max(0, deadlineMs - clock.nowMs());
      await this.#advance(leftMs, () => this.#restIndex() !== null && !this.#hasShortLeases());
      await this.#converge();
      const index = this.#restIndex();
      const followed = await this.#followToTheEnd();
      const nowMs = clock.nowMs();
      const isQuiet = index !== null && this.#restIndex() === index;
      if (isQuiet && (nowMs >= deadlineMs || !this.#hasShortLeases())) return followed;
      if (nowMs >= deadlineMs + REST_MS) {
        throw new Violation(`V1: long after healing, members go on applying: ${this.#positions()}`);
      }
    }
  }

  async #converge(): Promise<void> {
    if (await this.#advance(REST_MS, () => this.#restIndex() !== null)) return;
    throw new Violation(`V1: after healing, members do not converge: ${this.#positions()}`);
  }

  #positions(): string {
    const positions = this.#core.map(({ name, node }) => {
      if (node === null) return `${name} is down`;
      const { raft, machine } = node.member;
      return `${name} ${raft.role} term ${raft.term} commit ${raft.commitIndex} applied ${machine.appliedIndex}`;
    });
    return [...positions, ...(this.#faults.isSettled ? [] : ["changes do not end"])].join("; ");
  }

  #restIndex(): number | null {
    if (!this.#faults.isSettled) return null;
    return restIndex(this.#core.map(({ node }) => node?.member ?? null));
  }

  /** Whether leases are left that nobody renews any more. */
  #hasShortLeases(): boolean {
    const machine = this.#core[0]?.node?.member.machine;
    return machine?.leaseIds().some((id) => isShort(machine.lease(id)?.ttlSeconds ?? 0)) ?? true;
  }

  #newestRevision(): number {
    return Math.max(...this.#core.map(({ node }) => node?.member.machine.revision ?? 0));
  }

  /** Everything that was answered, against what the log made of it. */
  async #check(): Promise<void> {
    const { operations, registers, watches, leases, holds, sdkHolds } = this.#history;
    const { state } = this.#live;
    const last = await this.#comeToTheEnd();
    for (const { name, node } of this.#cluster.running) {
      if (node?.member.machine.isLoaded) state.compareState(name, node.member.machine);
    }
    const replay = checkSerial(operations, state.ledger);
    const machine = this.#core[0]?.node?.member.machine;
    if (machine === undefined) throw new Violation("V1: nobody is left");
    checkEnd(machine, replay);
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
      // A learner refuses watches, as in etcd.
      if (node === null || machine === undefined || node.member.isLearner) continue;
      const { revision } = machine;
      const isAtEnd = ({ responses }: Watched): boolean =>
        responses.some(({ revision: seen, kind }) => kind !== "created" && seen >= revision);
      let watched: Watched | null = null;
      const follow = async (): Promise<void> => {
        // Its connection may break in the end, or its member may have to find its leader again: then it is made anew.
        const from = Math.max(1, machine.compactRevision);
        const last = await followFrom(reader, at, from, isAtEnd);
        if (isAtEnd(last)) watched = last;
        else await reader.think().then(follow);
      };
      void follow();
      const isDone = await this.#advance(REST_MS, () => watched !== null);
      if (!isDone || watched === null) throw new Violation(`W10: a watch at ${name} does not end`);
      followed.push(watched);
    }
    return followed;
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
