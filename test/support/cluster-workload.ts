import { setTimeout as sleep } from "node:timers/promises";
import type { WatchEvent } from "./etcd-messages.ts";
import { eventually } from "./eventually.ts";
import { prefixEnd } from "./member-clients.ts";
import { RawClient, RpcError } from "./raw-client.ts";
import { WatchStream } from "./watch-stream.ts";

/** A write that the cluster said it had done. */
export interface AcknowledgedWrite {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

const WRITERS = 4;
const CALL_TIMEOUT_MS = 3_000;
/** Long against an election on a busy machine, short against the whole test. */
const SESSION_TTL_SECONDS = 10;

/**
 * Clients at work on a cluster while its members die and come back: writers that each put one new
 * key after the other, a reader, a watcher that follows it all, and a session that renews its lease.
 * What a client sees that must never be seen is kept in `violations`. A call that failed may have
 * taken effect or not: its key is in neither list, and both endings are right.
 */
export class ClusterWorkload implements AsyncDisposable {
  readonly prefix = "workload/";
  readonly acknowledged: AcknowledgedWrite[] = [];
  readonly events: WatchEvent[] = [];
  readonly violations: string[] = [];
  /** Calls of which nothing is known but that they failed. */
  unknownOutcomes = 0;
  watchResumes = 0;
  sessionLease = 0n;
  readonly #clients: readonly RawClient[];
  readonly #loops: Promise<void>[] = [];
  #writing = true;
  #running = true;
  /** The largest revision that any client was told of so far. */
  #revisionSeen = 0;
  #watch: WatchStream | undefined;

  constructor(endpoints: readonly string[]) {
    this.#clients = endpoints.map((endpoint) => new RawClient(endpoint));
  }

  async start(): Promise<void> {
    const client = this.#client(0);
    this.sessionLease = (await client.call("Lease.LeaseGrant", { TTL: SESSION_TTL_SECONDS })).ID;
    await client.call("KV.Put", { key: "session", lease: this.sessionLease });
    const { header } = await client.call("KV.Range", { key: "session" });
    this.#loops.push(this.#follow(header.revision + 1), this.#renew(), this.#read());
    for (let writer = 0; writer < WRITERS; writer++) this.#loops.push(this.#write(writer));
  }

  /** Resolves once `count` more writes were acknowledged. @throws Error when that takes too long. */
  async progress(count: number, timeoutMs = 30_000): Promise<void> {
    const target = this.acknowledged.length + count;
    const deadline = performance.now() + timeoutMs;
    while (this.acknowledged.length < target) {
      if (performance.now() > deadline) {
        throw new Error(`no progress: ${this.acknowledged.length} of ${target} writes`);
      }
      await sleep(20);
    }
  }

  /** Stops the writers and waits until the watcher has seen everything up to the last write. */
  async settle(): Promise<void> {
    this.#writing = false;
    await Promise.all(this.#loops.slice(3));
    const newest = { ...this.range, sort_target: "MOD", sort_order: "DESCEND", limit: 1 } as const;
    // A channel that watched its member die may still be waiting to dial again.
    const last = await eventually(() => this.#client(0).call("KV.Range", newest));
    const revision = last.kvs[0]?.mod_revision ?? 0;
    const deadline = performance.now() + 15_000;
    while ((this.events.at(-1)?.kv.mod_revision ?? 0) < revision) {
      if (performance.now() > deadline) throw new Error("the watch did not catch up");
      await sleep(20);
    }
  }

  get range(): { readonly key: string; readonly range_end: string } {
    return { key: this.prefix, range_end: prefixEnd(this.prefix) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#writing = false;
    this.#running = false;
    this.#watch?.[Symbol.dispose]();
    await Promise.all(this.#loops);
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  async #write(writer: number): Promise<void> {
    for (let turn = 0; this.#writing; turn++) {
      const key = `${this.prefix}${writer}/${turn}`;
      const value = `value of ${key}`;
      const floor = this.#revisionSeen;
      const answer = await this.#attempt(writer + turn, (client) =>
        client.call("KV.Put", { key, value }, { timeoutMs: CALL_TIMEOUT_MS }),
      );
      if (answer === undefined) continue;
      const { revision } = answer.header;
      if (revision <= floor) this.#violation(`${key} written at ${revision}, after ${floor}`);
      this.#revisionSeen = Math.max(this.#revisionSeen, revision);
      this.acknowledged.push({ key, value, revision });
      await sleep(2);
    }
  }

  /** Linearizable reads of the newest acknowledged write: it is there, at a revision not gone back. */
  async #read(): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      const newest = this.acknowledged.at(-1);
      const floor = this.#revisionSeen;
      const key = newest?.key ?? "session";
      const answer = await this.#attempt(turn, (client) =>
        client.call("KV.Range", { key }, { timeoutMs: CALL_TIMEOUT_MS }),
      );
      if (answer !== undefined) {
        const { revision } = answer.header;
        if (revision < floor) this.#violation(`read at ${revision}, after ${floor} was seen`);
        if (newest !== undefined && answer.kvs[0]?.mod_revision !== newest.revision) {
          this.#violation(`${key} read at ${revision} without its write at ${newest.revision}`);
        }
        this.#revisionSeen = Math.max(this.#revisionSeen, revision);
      }
      await sleep(10);
    }
  }

  /** A watcher as every client has one: broken, it starts again behind the last event it saw. */
  async #follow(startRevision: number): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      const next = (this.events.at(-1)?.kv.mod_revision ?? startRevision - 1) + 1;
      using watch = new WatchStream(this.#client(turn));
      this.#watch = watch;
      try {
        const created = await watch.create({ ...this.range, start_revision: next });
        if (created.canceled) this.#violation(`watch from ${next} refused`);
        while (this.#running) this.#receive((await watch.messages.next(600_000)).events);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.watchResumes++;
        await sleep(50);
      }
    }
  }

  #receive(events: readonly WatchEvent[]): void {
    for (const event of events) {
      const last = this.events.at(-1)?.kv.mod_revision ?? 0;
      const { key, mod_revision } = event.kv;
      if (event.type !== "PUT") this.#violation(`${key} deleted at ${mod_revision}`);
      if (mod_revision <= last) this.#violation(`event ${key}@${mod_revision} after ${last}`);
      this.events.push(event);
    }
  }

  async #renew(): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      using stream = this.#client(turn).stream("Lease.LeaseKeepAlive");
      try {
        while (this.#running) {
          stream.send({ ID: this.sessionLease });
          const { TTL } = await stream.next(CALL_TIMEOUT_MS);
          if (TTL === 0) this.#violation("the session's lease was lost");
          await sleep(500);
        }
      } catch {
        await sleep(50); // broken or silent: renew through the next member
      }
    }
  }

  async #attempt<T>(turn: number, call: (client: RawClient) => Promise<T>): Promise<T | undefined> {
    try {
      return await call(this.#client(turn));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.unknownOutcomes++;
      await sleep(20);
      return undefined;
    }
  }

  #client(turn: number): RawClient {
    const client = this.#clients[turn % this.#clients.length];
    if (client === undefined) throw new Error("a workload without members");
    return client;
  }

  #violation(what: string): void {
    this.violations.push(what);
  }
}
