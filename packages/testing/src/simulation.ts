import { deferred, type Prng, seededPrng } from "@conclave/base";
import type { Client, ConnectOptions, Duration } from "@conclave/client";
import { type BegunHold, clientTerms, durationMs } from "@conclave/client/simulation";
import { Channel, clockTurn } from "@conclave/rpc";
import { Cluster, type ClusterOptions, forkPrng, type SimulatedMember } from "./cluster/index.ts";
import { History } from "./history.ts";
import { SimulatedProcess } from "./process.ts";
import { RecordedClient, recordHold } from "./recorded-client.ts";
import { StoreRecorder } from "./store-recorder.ts";

// Kept from fake timers, which tests may put in its place later.
const afterTurn = setImmediate;

/**
 * How large a simulated cluster is, and how fast.
 *
 * @example
 * ```ts
 * import { simulate } from "@conclave/testing";
 *
 * await using sim = await simulate({
 *   members: 5,
 *   seed: 7,
 *   networkDelay: "150ms",
 *   diskDelay: "40ms",
 *   limit: "1h",
 * });
 * await sim.run(() => sim.client().kv.put("greeting", "hello"));
 * console.log(`${sim.nowMs} ms with seed ${sim.seed}`); // the same whenever it runs
 * ```
 */
export interface SimulateOptions {
  /** Members of the cluster. 1 to 5; default 3. */
  readonly members?: number;
  /** Draws everything that is left to chance. Default: `CONCLAVE_SEED` of the environment, else at random. */
  readonly seed?: number;
  /** The longest that a message takes; each draws its own time. Default 5 ms. */
  readonly networkDelay?: Duration;
  /** The longest that a disk takes to sync. Default 2 ms. */
  readonly diskDelay?: Duration;
  /** How much virtual time a wait may take, beside what is slept, before it is given up. Default `"10m"`. */
  readonly limit?: Duration;
}

/** A client, a member by its place (0 is the first), or all members. */
export type Party = Client | number | "all";

/** Terms of a simulated client: those of `connect` that do not concern sockets. */
export type SimulatedClientOptions = Omit<ConnectOptions, "tls" | "auth" | "transport">;

/**
 * A cluster and its clients in one thread, in virtual time. Made by {@link simulate}.
 *
 * Time stands still but inside {@link Simulation.run} and while a method of the simulation is awaited; there it jumps to
 * whatever happens next as soon as no promise has anything left to do. What is awaited inside of `run` must therefore
 * belong to the simulation: clients, `sim.sleep`. Real sockets, files and timers would be overtaken.
 *
 * @example
 * ```ts
 * import { mutualExclusion, simulate } from "@conclave/testing";
 *
 * await simulate({ members: 3, seed: 7 }, async (sim) => {
 *   const a = sim.client();
 *   const b = sim.client();
 *   const lock = await a.locks.acquire("order/42");
 *   await sim.pause(a, "30s"); // as a stopped process: past the end of its lease
 *   await b.locks.acquire("order/42");
 *   console.log(lock.signal.aborted, sim.nowMs);
 *   sim.history.check(mutualExclusion("order/42"));
 * });
 * ```
 */
export class Simulation implements AsyncDisposable {
  /** What everything was drawn from that was left to chance. */
  readonly seed: number;
  /** What happened so far. */
  readonly history: History;
  readonly #cluster: Cluster;
  readonly #store: StoreRecorder;
  readonly #prng: Prng;
  readonly #limitMs: number;
  readonly #processes = new Map<Client, SimulatedProcess>();
  /** Clients whose answers are held back. */
  readonly #deaf = new Set<SimulatedProcess>();
  /** Pending while somebody lets time pass. */
  #passing: Promise<void> | null = null;
  #giveUpMs = 0;
  #operator: Client | null = null;

  /** @internal */
  constructor(options: SimulateOptions) {
    const { members = 3, seed = drawSeed() } = options;
    if (!(Number.isInteger(members) && members >= 1 && members <= 5)) {
      throw new RangeError("members: 1 to 5");
    }
    if (!(Number.isSafeInteger(seed) && seed >= 0)) throw new RangeError("seed: a whole number");
    this.seed = seed;
    this.#limitMs = durationMs(options.limit ?? "10m", "limit");
    const clusterOptions: ClusterOptions = {
      seed,
      size: members,
      disk: { syncMsMax: durationMs(options.diskDelay ?? 2, "diskDelay"), flushMsMax: 50 },
      network: { delayMsMax: durationMs(options.networkDelay ?? 5, "networkDelay") },
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1_000,
      preVote: true,
      snapshotCount: 1_000,
      keptEntriesMax: 1_000,
      settle: () => new Promise((resolve) => afterTurn(resolve)),
      onBooted: (_, node) => this.#store.follow(node),
    };
    this.#cluster = new Cluster(clusterOptions);
    this.#prng = seededPrng(seed + 1);
    this.history = new History(() => this.nowMs, replayOf(seed));
    this.#store = new StoreRecorder(this.history);
    for (const member of this.#cluster.members) member.start();
  }

  /** Virtual time since the beginning, ms. */
  get nowMs(): number {
    return this.#cluster.clock.nowMs();
  }

  /** A new client, in a process and on a machine of its own. It connects with its first call. */
  client(options: SimulatedClientOptions = {}): Client {
    return this.#newClient(`client ${this.#processes.size + 1}`, options);
  }

  /**
   * Runs `body` while time passes.
   * @returns what it returned
   * @throws what it threw; Error if it takes longer than the simulation's `limit`
   */
  run<Result>(body: () => Promise<Result>): Promise<Result> {
    return this.#passUntil(body());
  }

  /**
   * Lets time pass, until everything that falls due in it has happened.
   * @throws RangeError for what is no duration
   */
  advance(duration: Duration): Promise<void> {
    return this.sleep(duration);
  }

  /**
   * Waits in virtual time; given a client, as code of its process, which does not wake up while that is stopped.
   * @throws RangeError for what is no duration; TypeError for a client of another simulation
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1 }, async (sim) => {
   *   const worker = sim.client();
   *   await worker.locks.request("job", async (lock) => {
   *     await sim.sleep("5s", worker); // the work, in the worker's process
   *     lock.assert();
   *   });
   * });
   * ```
   */
  sleep(duration: Duration, client?: Client): Promise<void> {
    const delayMs = durationMs(duration, "duration");
    this.#giveUpAfter(delayMs);
    const clock = client === undefined ? this.#cluster.clock : this.#processOf(client);
    return this.#passUntil(new Promise((resolve) => clock.setTimer(delayMs, resolve)));
  }

  /**
   * Stops the process of a client as SIGSTOP, a long garbage collection or a sleeping laptop does: no timer, no message;
   * then everything, late and at once. Without a duration it stays so until {@link Simulation.resume}.
   * @throws TypeError for a client of another simulation
   */
  async pause(client: Client, duration?: Duration): Promise<void> {
    const process = this.#processOf(client);
    this.history.note(`${process.name} is stopped`);
    process.stop();
    const toMs = Number.POSITIVE_INFINITY;
    this.history.stops.push({ client: process.name, fromMs: this.nowMs, toMs });
    if (duration === undefined) return;
    await this.advance(duration);
    this.resume(client);
    await this.advance(0);
  }

  /**
   * Lets a paused client go on.
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1 }, async (sim) => {
   *   const worker = sim.client();
   *   const lock = await worker.locks.acquire("job");
   *   await sim.pause(worker);
   *   await sim.advance("1m");
   *   sim.resume(worker);
   *   await sim.advance("1s");
   *   console.log(lock.signal.aborted); // true
   * });
   * ```
   */
  resume(client: Client): void {
    const process = this.#processOf(client);
    const stop = this.history.stops.findLast(({ client }) => client === process.name);
    if (!process.isStopped || stop === undefined) return;
    stop.toMs = this.nowMs;
    this.history.note(`${process.name} goes on`);
    process.goOn();
  }

  /**
   * Nothing passes between two parties, in either direction, until {@link Simulation.heal}.
   * @example
   * ```ts
   * import { mutualExclusion, simulate } from "@conclave/testing";
   *
   * await simulate({ members: 3, seed: 7 }, async (sim) => {
   *   const [a, b] = [sim.client(), sim.client()];
   *   const lock = await a.locks.acquire("job");
   *   sim.partition(a, "all");
   *   await b.locks.acquire("job"); // once the lease of the other has run out
   *   console.log(lock.signal.aborted); // true, before that
   *   sim.heal();
   *   sim.history.check(mutualExclusion("job"));
   * });
   * ```
   */
  partition(one: Party, other: Party): void {
    this.cut(one, other);
    this.cut(other, one);
  }

  /**
   * Nothing that `from` sends reaches `to`, until {@link Simulation.heal}.
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 3, seed: 5 }, async (sim) => {
   *   const client = sim.client();
   *   const before = sim.leader ?? 0;
   *   sim.cut("all", before); // the others hear it, and it hears nobody: it steps down
   *   await sim.advance("10s");
   *   await client.kv.put("greeting", "hello");
   *   console.log(sim.leader !== before); // true
   *   sim.heal();
   * });
   * ```
   */
  cut(from: Party, to: Party): void {
    for (const a of this.#machinesOf(from)) {
      for (const b of this.#machinesOf(to)) {
        if (a === b) continue;
        this.history.note(`cut ${a} > ${b}`);
        this.#cluster.network.cut(a, b);
      }
    }
  }

  /**
   * What the client sends arrives and takes effect; no answer reaches it. {@link Simulation.heal} breaks its connections.
   * @example
   * ```ts
   * import { ConclaveError } from "@conclave/client";
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1 }, async (sim) => {
   *   const [a, b] = [sim.client(), sim.client()];
   *   await a.kv.put("stock/42", "7");
   *   sim.dropAcks(a);
   *   const error = await a.kv.put("stock/42", "6", { timeout: "1s" }).catch((error) => error);
   *   if (error instanceof ConclaveError) console.log(error.outcome); // unknown
   *   console.log((await b.kv.get("stock/42"))?.text); // 6
   *   sim.heal();
   * });
   * ```
   */
  dropAcks(client: Client): void {
    this.cut("all", client);
    this.#deaf.add(this.#processOf(client));
  }

  /** Ends all partitions and cuts. What was under way arrives late, but for answers that were dropped. */
  heal(): void {
    this.history.note("heal");
    for (const { name } of this.#deaf) this.#cluster.network.resetOf(name);
    this.#deaf.clear();
    this.#cluster.network.heal();
  }

  /**
   * Everything that a party sends and is sent takes so much longer; 0 ends it.
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 3, seed: 7 }, async (sim) => {
   *   const far = sim.client();
   *   sim.delay(far, "200ms"); // on the other side of the ocean
   *   const startMs = sim.nowMs;
   *   await far.kv.put("greeting", "hello");
   *   console.log(sim.nowMs - startMs >= 400); // true: there and back
   *   sim.delay(far, 0);
   * });
   * ```
   */
  delay(party: Party, by: Duration): void {
    const byMs = durationMs(by, "by");
    for (const name of this.#machinesOf(party)) this.#cluster.network.slowDown(name, byMs);
  }

  /**
   * Ends the lease of a client's shared session at the server, as an administrator would.
   * @throws ConclaveError if no member answers
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1 }, async (sim) => {
   *   const worker = sim.client();
   *   const lock = await worker.locks.acquire("job");
   *   await sim.expire(worker);
   *   await sim.advance("10s");
   *   console.log(lock.signal.aborted); // true
   * });
   * ```
   */
  async expire(client: Client): Promise<void> {
    const { name } = this.#processOf(client);
    const leaseId = await this.#passUntil(client.session.open());
    this.history.note(`the lease of ${name} is revoked`);
    await this.#passUntil(this.#asOperator().leases.revoke(leaseId));
  }

  /**
   * Compacts away everything before `revision`. Default: all but the newest state.
   * @throws CompactedError if that was done already; ConclaveError FUTURE_REVISION, or if no member answers
   * @example
   * ```ts
   * import { CompactedError } from "@conclave/client";
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1 }, async (sim) => {
   *   const client = sim.client();
   *   const { revision } = await client.kv.put("config", "1");
   *   await client.kv.put("config", "2");
   *   await sim.compact();
   *   const error = await client.watch("config", { from: revision }).next().catch((error) => error);
   *   console.log(error instanceof CompactedError); // true
   * });
   * ```
   */
  async compact(revision?: number): Promise<void> {
    const operator = this.#asOperator();
    const work = async () => {
      const at = revision ?? (await operator.kv.getAll({ key: "\0" })).revision;
      this.history.note(`compact at ${at}`);
      await operator.kv.compact(at);
    };
    await this.#passUntil(work());
  }

  /** The place of the leader among the members, null while there is none. */
  get leader(): number | null {
    const leaders = this.#cluster.members
      .map(({ node }, at) => ({ at, raft: node?.member.raft }))
      .filter(({ raft }) => raft?.role === "leader")
      .sort((a, b) => (b.raft?.term ?? 0) - (a.raft?.term ?? 0));
    return leaders[0]?.at ?? null;
  }

  /**
   * The leader hands over to another member.
   * @throws Error if there is no leader within the simulation's `limit`
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 3, seed: 7 }, async (sim) => {
   *   const lock = await sim.client().locks.acquire("job");
   *   const before = sim.leader;
   *   await sim.changeLeader();
   *   console.log(sim.leader !== before, lock.signal.aborted); // true false: nobody's business
   * });
   * ```
   */
  async changeLeader(): Promise<void> {
    const before = this.leader;
    if (before === null) return;
    this.history.note(`member ${before} hands over`);
    await this.#passUntil(this.#memberAt(before).node?.handOver() ?? Promise.resolve());
    await this.#passUntil(Promise.resolve(), () => this.leader !== null);
  }

  /** A member loses power: what it had not synced is lost. */
  kill(member: number): void {
    const killed = this.#memberAt(member);
    if (!killed.isUp) return;
    this.history.note(`member ${member} is killed`);
    killed.crash();
  }

  /**
   * Starts a killed member again, and waits until the cluster has a leader.
   * @throws Error if there is none within the simulation's `limit`; RangeError if there is no such member
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 3, seed: 7 }, async (sim) => {
   *   const client = sim.client();
   *   const member = sim.leader ?? 0;
   *   sim.kill(member);
   *   await client.kv.put("greeting", "hello"); // the others elect another leader
   *   await sim.restart(member);
   * });
   * ```
   */
  async restart(member: number): Promise<void> {
    const started = this.#memberAt(member);
    if (!started.isUp) {
      this.history.note(`member ${member} starts`);
      started.start();
    }
    await this.ready();
  }

  /**
   * Everything stored is lost, and the cluster begins anew: revisions start over. With `identity: "new"` it is another
   * cluster at the same addresses, else the same one restored from an empty backup. The history forgets the changes of the
   * old store and the watches of it: check them before.
   * @throws Error if there is no leader within the simulation's `limit`
   * @example
   * ```ts
   * import { simulate } from "@conclave/testing";
   *
   * await simulate({ members: 1 }, async (sim) => {
   *   const client = sim.client();
   *   await client.kv.put("flags/beta", "on");
   *   await using flags = await client.mirror("flags/");
   *   await sim.wipe({ identity: "new" });
   *   await sim.advance("10s");
   *   console.log(flags.size); // 0: it was told that nothing of it is left
   * });
   * ```
   */
  async wipe({ identity = "same" }: { readonly identity?: "same" | "new" } = {}): Promise<void> {
    this.history.note("the store is wiped");
    for (const member of this.#cluster.members) {
      if (member.isUp) member.crash();
      member.disk.wipe();
    }
    if (identity === "new") this.#cluster.clusterId += 1n;
    this.#store.reset();
    for (const member of this.#cluster.members) member.start();
    await this.ready();
  }

  /** @internal Waits until all members that are up serve, under a leader. */
  ready(): Promise<void> {
    const isReady = () =>
      this.leader !== null &&
      this.#cluster.members.every(({ isUp, node }) => !isUp || node?.member.raft.leader);
    return this.#passUntil(Promise.resolve(), isReady as () => boolean);
  }

  /** Closes every client and stops the members. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of this.#processes.values()) this.#cluster.network.goOn(name);
    this.#cluster.network.heal();
    const clients = [...this.#processes.keys()];
    const closed = Promise.all(clients.map((client) => client.close()));
    await this.#passUntil(Promise.race([closed, this.#after(10_000)])).catch(() => {});
    for (const member of this.#cluster.members) if (member.isUp) member.crash();
  }

  #after(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#cluster.clock.setTimer(delayMs, resolve));
  }

  /**
   * Settles as `promise` does, and not before `isToo` holds. Of several that wait at once one lets time pass for all; when
   * it has what it waits for, another goes on in its place.
   */
  async #passUntil<Result>(
    promise: Promise<Result>,
    isToo: () => boolean = () => true,
  ): Promise<Result> {
    let isSettled = false;
    const settled = promise.then(
      () => {},
      () => {},
    );
    void settled.then(() => {
      isSettled = true;
    });
    const isOver = () => isSettled && isToo();
    while (!isOver()) {
      if (this.#passing === null) await this.#letTimePass(isOver);
      else await Promise.race([this.#passing, isSettled ? this.#after(POLL_MS) : settled]);
    }
    return promise;
  }

  async #letTimePass(isOver: () => boolean): Promise<void> {
    const passed = deferred<void>();
    this.#passing = passed.promise;
    try {
      this.#giveUpAfter(0);
      const isDone = () => isOver() || this.nowMs > this.#giveUpMs;
      await this.#cluster.run(Number.POSITIVE_INFINITY, NOBODY, isDone);
      if (!isOver()) {
        throw new Error(`waited for ${this.#limitMs} ms of virtual time; ${replayOf(this.seed)}`);
      }
    } finally {
      this.#passing = null;
      passed.resolve();
    }
  }

  #giveUpAfter(delayMs: number): void {
    this.#giveUpMs = Math.max(this.#giveUpMs, this.nowMs + delayMs + this.#limitMs);
  }

  #newClient(name: string, options: SimulatedClientOptions): Client {
    const { network, clock, members } = this.#cluster;
    const process = new SimulatedProcess(name, clock, network);
    const prng = forkPrng(this.#prng);
    const channel = new Channel({
      endpoints: members.map((member) => `${member.name}:2379`),
      clock: process,
      atTurnEnd: clockTurn(process),
      prng: forkPrng(prng),
      dial: (target, result) => {
        const to = target.endpoint.split(":")[0] ?? "";
        return network.dialer(name, name, to, `${to}/client`)(target, result);
      },
      limits: { keepaliveTimeMs: 7_000, keepaliveTimeoutMs: 3_000 },
      connectTimeoutMs: 1_000,
    });
    const { beforeContinuations } = process;
    const onHold = (hold: BegunHold) => recordHold(this.history, name, hold);
    const runtime = { clock: process, prng, beforeContinuations, onHold };
    const parts = [channel, clientTerms(options), runtime, options.signal] as const;
    const client = new RecordedClient(name, this.history, [...parts]);
    this.#processes.set(client, process);
    return client;
  }

  /** A client of our own, for what is done to the cluster. */
  #asOperator(): Client {
    this.#operator ??= this.#newClient("operator", {});
    return this.#operator;
  }

  #processOf(client: Client): SimulatedProcess {
    const process = this.#processes.get(client);
    if (process === undefined) throw new TypeError("not a client of this simulation");
    return process;
  }

  #memberAt(at: number): SimulatedMember {
    const member = this.#cluster.members[at];
    if (member === undefined)
      throw new RangeError(`no member ${at}: 0 to ${this.#cluster.members.length - 1}`);
    return member;
  }

  #machinesOf(party: Party): readonly string[] {
    if (party === "all") return this.#cluster.members.map(({ name }) => name);
    if (typeof party === "number") return [this.#memberAt(party).name];
    return [this.#processOf(party).name];
  }
}

/** Between two looks at something that no promise tells of. Virtual ms. */
const POLL_MS = 10;
const NOBODY = { onEvent: () => {} };

function drawSeed(): number {
  const given = process.env.CONCLAVE_SEED;
  if (given !== undefined) return Number(given);
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

export function replayOf(seed: number): string {
  return `seed ${seed}: run the test again with CONCLAVE_SEED=${seed}, or simulate({ seed: ${seed} })`;
}
