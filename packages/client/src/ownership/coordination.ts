import { FilterType } from "@conclave/wire";
import type { ConclaveError } from "../errors.ts";
import type { Bytes, Namespace } from "../kv/keys.ts";
import type { Kv } from "../kv/kv.ts";
import { Txn } from "../kv/txn.ts";
import type { Leases } from "../lease/leases.ts";
import type { Runtime } from "../runtime.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Transport } from "../transport/transport.ts";
import type { Subscription } from "../watch/subscription.ts";
import type { WatchHub } from "../watch/watch-hub.ts";
import { Debris } from "./debris.ts";
import { EntryNonces } from "./entry-nonces.ts";
import { LocalEntries } from "./local-entries.ts";
import { LocalQueue } from "./local-queue.ts";
import { WindDown } from "./wind-down.ts";

/** What locks and elections of one client work with. */
export class Coordination {
  readonly kv: Kv;
  readonly leases: Leases;
  readonly sessions: Sessions;
  readonly runtime: Runtime;
  readonly hub: WatchHub;
  readonly namespace: Namespace;
  readonly localQueue = new LocalQueue();
  readonly localEntries = new LocalEntries();
  readonly windDown = new WindDown();
  readonly debris: Debris;
  readonly nonces: EntryNonces;
  readonly #transport: Transport;

  constructor(parts: {
    readonly transport: Transport;
    readonly namespace: Namespace;
    readonly kv: Kv;
    readonly leases: Leases;
    readonly hub: WatchHub;
    readonly sessions: Sessions;
    readonly runtime: Runtime;
  }) {
    this.kv = parts.kv;
    this.leases = parts.leases;
    this.hub = parts.hub;
    this.sessions = parts.sessions;
    this.runtime = parts.runtime;
    this.namespace = parts.namespace;
    this.#transport = parts.transport;
    this.nonces = new EntryNonces(parts.runtime.prng);
    this.debris = new Debris(parts.runtime, (key, signal) => this.kv.delete(key, { signal }));
  }

  txn(): Txn {
    return new Txn(this.#transport, this.namespace);
  }

  /**
   * Calls `onGone` once when `key` is deleted at `startRevision` or later. The caller read the key at the revision
   * before, so nothing can slip through between read and watch (failure mode 10).
   */
  onDeleted(
    key: Bytes,
    startRevision: number,
    onGone: () => void,
    onFailed: (error: ConclaveError) => void,
  ): Subscription {
    const subscription = this.hub.open(
      { ...this.namespace.rangeOf({ key }), startRevision, filters: [FilterType.NOPUT] },
      {
        onEvents: () => {
          subscription.close();
          onGone();
        },
        onFailed,
      },
    );
    return subscription;
  }
}
