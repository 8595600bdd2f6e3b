import { KV } from "@conclave/wire";
import { onAbort } from "./abort.ts";
import type { Admin } from "./admin/admin.ts";
import type { Users } from "./admin/users.ts";
import type { Barrier } from "./barriers/barrier.ts";
import type { CyclicBarrier } from "./barriers/cyclic-barrier.ts";
import type { Latch } from "./barriers/latch.ts";
import type { BarrierOptions, LatchOptions } from "./barriers/open.ts";
import { Services } from "./discovery/services.ts";
import { type Duration, durationMs } from "./duration.ts";
import { Election, type ElectionOptions } from "./elections/election.ts";
import { ConclaveError } from "./errors.ts";
import type { KeyValue } from "./kv/key-value.ts";
import { type Bytes, Namespace, type Target } from "./kv/keys.ts";
import { Kv } from "./kv/kv.ts";
import { Txn } from "./kv/txn.ts";
import { type KeyCodec, type KeyTemplate, keyTemplate } from "./kv/typed-key.ts";
import type { ValueCodec } from "./kv/value-codec.ts";
import { Leases } from "./lease/leases.ts";
import { Locks } from "./locks/locks.ts";
import type { Live, LiveOptions } from "./mirror/live.ts";
import type { Mirror, MirrorOptions } from "./mirror/mirror.ts";
import type { MirrorParts } from "./mirror/mirror-source.ts";
import { type Asked, onDemand } from "./on-demand.ts";
import { type ClientTerms, type ConnectOptions, clientTerms } from "./options.ts";
import { Coordination } from "./ownership/coordination.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import type { Session } from "./session/session.ts";
import { Sessions } from "./session/sessions.ts";
import type { WorkerConnection } from "./session/worker/messages.ts";
import type { Counter } from "./transact/counter.ts";
import type { TransactOptions } from "./transact/options.ts";
import type { TransactBody, Transacted } from "./transact/transact.ts";
import { openChannel } from "./transport/h2.ts";
import { type ClosableCaller, closedError, Transport } from "./transport/transport.ts";
import { Watch, type WatchOptions } from "./watch/watch.ts";
import { WatchHub } from "./watch/watch-hub.ts";

/** A single key that exists nowhere: read for nothing but the answer's header. */
const NO_KEY = Uint8Array.of(0);

/** What {@link Client.close} takes. */
export interface CloseOptions {
  /** How long the holders of locks and leaderships may take to end by themselves. Default: no time. */
  readonly grace?: Duration;
}

/**
 * A connection to a cluster and all that can be done with it. Made by {@link connect}.
 *
 * @example
 * ```ts
 * const { revision } = await client.kv.put("greeting", "hello");
 * await client.locks.request("order/42", async (lock) => {
 *   await lock.kv.put("order/42/state", "paid");
 * });
 * console.log(revision, client.session.state);
 * ```
 */
export class Client implements AsyncDisposable {
  /** Keys and values. */
  readonly kv: Kv;
  /** Bare leases. */
  readonly leases: Leases;
  /** Locks. */
  readonly locks: Locks;
  /** Who serves what: instances register, callers pick among them. */
  readonly services: Services;
  /** Members of the cluster and their upkeep. */
  readonly admin: Asked<Admin>;
  /** Users, roles, and whether the server asks who is there. */
  readonly users: Asked<Users>;
  readonly #caller: ClosableCaller;
  readonly #transport: Transport;
  readonly #namespace: Namespace;
  readonly #hub: WatchHub;
  readonly #sessions: Sessions;
  readonly #coordination: Coordination;
  readonly #mirrorParts: MirrorParts;
  readonly #closed = new AbortController();
  #stopListening = () => {};
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(
    caller: ClosableCaller,
    terms: ClientTerms,
    runtime: Runtime,
    signal: AbortSignal | undefined,
  ) {
    this.#caller = caller;
    this.#transport = new Transport(caller, runtime, terms.transport);
    this.#namespace = new Namespace(terms.namespace);
    this.#hub = new WatchHub(this.#transport, runtime, () => this.#storeRevision());
    this.#sessions = new Sessions(this.#transport, runtime, terms.session, terms.worker);
    this.kv = new Kv(this.#transport, this.#namespace);
    this.leases = new Leases(this.#transport, this.#namespace, runtime);
    this.admin = onDemand(async () => {
      const { Admin } = await import("./admin/admin.ts");
      return new Admin(this.#transport);
    });
    this.users = onDemand(async () => {
      const { Users } = await import("./admin/users.ts");
      return new Users(this.#transport, this.#namespace);
    });
    this.#coordination = new Coordination({
      transport: this.#transport,
      namespace: this.#namespace,
      kv: this.kv,
      leases: this.leases,
      hub: this.#hub,
      sessions: this.#sessions,
      runtime,
    });
    this.locks = new Locks(this.#coordination);
    this.#mirrorParts = {
      transport: this.#transport,
      namespace: this.#namespace,
      hub: this.#hub,
      runtime,
      closed: this.#closed.signal,
    };
    this.services = new Services({ coordination: this.#coordination, mirror: this.#mirrorParts });
    this.#stopListening = onAbort(signal, () => void this.close());
  }

  /**
   * The session that locks and elections of this client share. Its lease is granted when something first needs it. Once
   * lost it stays lost; what needs a session next gets a new one, which is then found here.
   */
  get session(): Session {
    return this.#sessions.shared;
  }

  /** The election of a leader under `name`. */
  election(name: string, options: ElectionOptions = {}): Election {
    return new Election(this.#coordination, name, options);
  }

  /** A transaction to be built: `txn().if(…).then(…).else(…).commit()`. */
  txn(): Txn {
    return new Txn(this.#transport, this.#namespace);
  }

  /**
   * Reads and writes several keys as if nobody else were there: what `body` reads is of one revision, what it writes is
   * applied at one revision, and if something it read has changed by then, it runs again. See {@link Transaction}.
   *
   * A lost answer does not lead to a second commit, nor to doubt: whether it took effect is found out.
   * @throws what `body` throws, after which nothing is written; LockLostError for a required lock; ConclaveError ABORTED,
   *   CONFLICT, TOO_LARGE; TIMEOUT or CANCELLED, with outcome `"unknown"` if a commit was under way
   * @example
   * ```ts
   * await client.kv.put("stock/7", "3");
   * const { value, attempts } = await client.transact(async (tx) => {
   *   const left = Number(await tx.getOrThrow("stock/7"));
   *   if (left === 0) throw tx.abort("sold out");
   *   tx.put("stock/7", String(left - 1));
   *   return left - 1;
   * });
   * console.log(`${value} left, after ${attempts} attempts`);
   * ```
   */
  async transact<Value>(
    body: TransactBody<Value>,
    options: TransactOptions = {},
  ): Promise<Transacted<Value>> {
    const { transact } = await import("./transact/transact.ts");
    return transact(this.#coordination, body, options);
  }

  /**
   * Typed keys of one form. Each segment of `template` that begins with a colon is filled in when a key is made, with what
   * is not empty and has no slash. `codec` is a Standard Schema (of zod, valibot, arktype and others) for JSON, or two
   * functions; a value that it does not take is neither read nor written. Bigints are kept exact.
   *
   * @example
   * ```ts
   * const visits = client.key("visits/:page", {
   *   encode: (count: number) => String(count),
   *   decode: (bytes) => Number(new TextDecoder().decode(bytes)),
   * });
   * await client.kv.put(visits("home"), 1);
   * const pair = await client.kv.get(visits({ page: "home" }));
   * await client.txn().if(visits("home").version.eq(pair?.version ?? 0)).commit();
   * ```
   */
  key<const Template extends string, T>(
    template: Template,
    codec: KeyCodec<T>,
  ): KeyTemplate<Template, T> {
    return keyTemplate(template, codec);
  }

  /** The number under `key` that many processes count up together. See {@link Counter}. */
  counter(key: string): Counter {
    return onDemand<Counter>(async () => {
      const { CounterKey } = await import("./transact/counter.ts");
      return new CounterKey(this.#coordination, key);
    });
  }

  /**
   * A barrier that somebody puts up and releases; with `parties`, one at which so many wait for each other. See
   * {@link Barrier} and {@link CyclicBarrier}. Their methods reject with TypeError or RangeError for wrong arguments here.
   */
  barrier(name: string): Barrier;
  barrier(name: string, options: BarrierOptions): CyclicBarrier;
  barrier(name: string, options?: BarrierOptions): Barrier | CyclicBarrier {
    return onDemand<Barrier & CyclicBarrier>(async () => {
      const { openBarrier } = await import("./barriers/open.ts");
      return openBarrier(this.#coordination, name, options) as Barrier & CyclicBarrier;
    });
  }

  /** What is counted down to 0 by many, and waited for by many. See {@link Latch}. */
  latch(name: string, options: LatchOptions = {}): Latch {
    return onDemand<Latch>(async () => {
      const { openLatch } = await import("./barriers/open.ts");
      return openLatch(this.#coordination, name, options);
    });
  }

  /** The changes of some keys, from now on or from a revision. See {@link Watch}. */
  watch(target: Target, options: WatchOptions = {}): Watch {
    if (this.#closed.signal.aborted) throw closedError();
    return new Watch(this.#hub, this.#namespace, target, options);
  }

  /**
   * A copy of all keys of `target` that stays up to date, once it is complete. Its values are read by `codec`, a Standard
   * Schema for JSON or a function of the pair; without one they are the pairs. See {@link Mirror}.
   *
   * @throws ConclaveError if the keys cannot be read, or INVALID_VALUE with `invalid: "throw"`
   */
  mirror(target: Target, codec?: undefined, options?: MirrorOptions): Promise<Mirror<KeyValue>>;
  mirror<T>(target: Target, codec: ValueCodec<T>, options?: MirrorOptions): Promise<Mirror<T>>;
  async mirror<T>(
    target: Target,
    codec?: ValueCodec<T>,
    options: MirrorOptions = {},
  ): Promise<Mirror<T> | Mirror<KeyValue>> {
    const { openMirror } = await import("./mirror/mirror.ts");
    return codec === undefined
      ? openMirror(this.#mirrorParts, target, (pair) => pair, options)
      : openMirror(this.#mirrorParts, target, codec, options);
  }

  /**
   * The value of one key, validated and kept up to date: configuration that changes while the process runs. See {@link Live}.
   *
   * @throws without a `fallback`: ConclaveError KEY_NOT_FOUND, INVALID_VALUE, or what the read fails with
   */
  async live<T>(key: Bytes, codec: ValueCodec<T>, options: LiveOptions<T> = {}): Promise<Live<T>> {
    const { openLive } = await import("./mirror/live.ts");
    return openLive(this.#mirrorParts, key, codec, options);
  }

  /**
   * Ends every session (one call each, which frees what rests on it), every watch and the connections. The signals of
   * all holds abort first; with a `grace`, their holders then get so long to end, still protected, while nothing new is
   * taken: what waits for a lock or a lead rejects with CLOSED. Never rejects; calling it again waits for the first.
   * @throws RangeError for a `grace` that is no duration
   * @example
   * ```ts
   * import { connect } from "@conclave/client";
   *
   * const worker = await connect("http://127.0.0.1:2379");
   * const lock = await worker.locks.acquire("nightly");
   * lock.signal.addEventListener("abort", async () => {
   *   await lock.kv.put("nightly/state", "stopped halfway"); // still protected
   *   await lock.release();
   * });
   * await worker.close({ grace: "5s" });
   * ```
   */
  close(options: CloseOptions = {}): Promise<void> {
    const graceMs = durationMs(options.grace ?? 0, "grace");
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#stopListening();
    if (graceMs > 0) await this.#windDown(graceMs);
    this.#closed.abort(closedError());
    await this.#sessions.closeAll("shutdown");
    this.#hub.close(closedError());
    this.#transport.close();
    this.#caller.close();
  }

  #windDown(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#coordination.runtime.clock.setTimer(graceMs, resolve);
      void this.#coordination.windDown.begin().then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** @internal A round trip to any member that answers, to know that there is one. */
  async probe(signal: AbortSignal | undefined): Promise<void> {
    const request = { key: NO_KEY, serializable: true, countOnly: true };
    try {
      await this.#transport.call(KV.Range, request, "read", { signal });
    } catch (error) {
      // A refusal is an answer too.
      if (!(error instanceof ConclaveError) || !isRefusal(error)) throw error;
    }
  }

  async #storeRevision(): Promise<number> {
    const response = await this.#transport.call(KV.Range, { key: NO_KEY, countOnly: true }, "read");
    return response.header?.revision ?? 0;
  }
}

function isRefusal(error: ConclaveError): boolean {
  return ["PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT"].includes(error.code);
}

/**
 * Connects to a cluster, and waits until one of its members answers.
 *
 * @param endpoints of the members, such as `"http://10.0.0.1:2379"` or `"https://…"`; without a scheme, `http:`
 * @throws TypeError or RangeError for a wrong argument; ConclaveError UNAVAILABLE or TIMEOUT if no member answers
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 *
 * await using client = await connect(["http://127.0.0.1:2379"], { namespace: "shop/" });
 * await client.kv.put("greeting", "hello");
 * ```
 */
export async function connect(
  endpoints: string | readonly string[],
  options: ConnectOptions = {},
): Promise<Client> {
  const list = typeof endpoints === "string" ? [endpoints] : endpoints;
  const worker = options.transport === undefined ? { endpoints: list, tls: options.tls } : null;
  const open = options.transport ?? openChannel;
  return connectOver(() => open(list, options.tls), options, systemRuntime(), worker);
}

/** {@link connect} over another channel. @internal */
export async function connectOver(
  openCaller: () => ClosableCaller,
  options: ConnectOptions,
  runtime: Runtime = systemRuntime(),
  worker: WorkerConnection | null = null,
): Promise<Client> {
  const terms = clientTerms(options, worker);
  const { auth, signal } = options;
  let caller = openCaller();
  if (auth !== undefined) {
    const { signIn } = await import("./auth/sign-in.ts");
    caller = await signIn(caller, auth, runtime, terms.transport, signal);
  }
  const client = new Client(caller, terms, runtime, signal);
  try {
    await client.probe(signal);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
