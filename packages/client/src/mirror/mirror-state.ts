import { assert } from "@conclave/base";
import { EventType, type Event as WireEvent, type KeyValue as WireKeyValue } from "@conclave/wire";
import { ConclaveError } from "../errors.ts";
import { KeyValue } from "../kv/key-value.ts";
import type { Namespace } from "../kv/keys.ts";
import { invalidValueError } from "../kv/value-codec.ts";
import type { MirrorBatch } from "./batch.ts";
import type { Snapshot } from "./snapshot.ts";

/** What becomes of a value that is not valid. */
export type InvalidPolicy = "keep-last" | "throw";

/** Changes under way, to take effect all at once. Null stands for a key that is gone. */
interface Changes<T> {
  readonly values: Map<string, { readonly value: T } | null>;
  readonly modRevisions: Map<string, number | null>;
  readonly invalid: Map<string, ConclaveError>;
}

/**
 * The copy itself. It steps from one store revision to another, whole revisions only, so that whatever is read from it in one
 * turn is of one revision.
 *
 * Invariants: `modRevisions` has every key of the range as of `revision`; `entries` has those of them that were
 * seen with a valid value; `revision` goes back only with a snapshot of another store.
 */
export class MirrorState<T> {
  readonly entries = new Map<string, T>();
  /** Keys whose present value is not valid. */
  readonly invalid = new Map<string, ConclaveError>();
  readonly #modRevisions = new Map<string, number>();
  readonly #namespace: Namespace;
  readonly #decode: (pair: KeyValue) => T;
  readonly #policy: InvalidPolicy;
  #revision = 0;

  constructor(namespace: Namespace, decode: (pair: KeyValue) => T, policy: InvalidPolicy) {
    this.#namespace = namespace;
    this.#decode = decode;
    this.#policy = policy;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Keys of the range, valid or not. */
  get keyCount(): number {
    return this.#modRevisions.size;
  }

  /**
   * Moves on to a snapshot. Deletes are told by the absence of keys (failure mode 11).
   * @param isSameStore the snapshot's revisions continue those seen so far, so an equal mod revision means an equal value
   */
  applySnapshot(snapshot: Snapshot, isSameStore: boolean): MirrorBatch<T> {
    assert(!isSameStore || snapshot.revision >= this.#revision, "a store does not go back");
    const changes = noChanges<T>();
    const present = new Set<string>();
    for (const pair of snapshot.pairs) {
      const id = keyId(this.#namespace.strip(pair.key));
      present.add(id);
      if (!isSameStore || this.#modRevisions.get(id) !== pair.modRevision) {
        this.#put(changes, id, pair);
      }
    }
    for (const id of this.#modRevisions.keys()) {
      if (!present.has(id)) remove(changes, id);
    }
    return this.#commit(changes, snapshot.revision, true);
  }

  /** Moves on by events, in order, whole revisions. @returns null if all of them were known already */
  applyEvents(events: readonly WireEvent[]): MirrorBatch<T> | null {
    const changes = noChanges<T>();
    let revision = this.#revision;
    for (const { type, kv } of events) {
      if (kv === null || kv.modRevision <= this.#revision) continue;
      const id = keyId(this.#namespace.strip(kv.key));
      if (type === EventType.DELETE) remove(changes, id);
      else this.#put(changes, id, kv);
      revision = kv.modRevision;
    }
    return revision === this.#revision ? null : this.#commit(changes, revision, false);
  }

  /** A read has shown that the range is at `revision` what it is here. */
  confirm(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  #put(changes: Changes<T>, id: string, wire: WireKeyValue): void {
    changes.modRevisions.set(id, wire.modRevision);
    changes.invalid.delete(id);
    // Copied: what stays must not keep the whole message alive that it came in.
    const pair = new KeyValue(this.#namespace, {
      ...wire,
      key: Uint8Array.from(wire.key),
      value: Uint8Array.from(wire.value),
    });
    try {
      if (isStrange(id)) throw invalidValueError(pair.keyText, "the key is not UTF-8");
      changes.values.set(id, { value: this.#decode(pair) });
    } catch (error) {
      if (this.#policy === "throw" || !(error instanceof ConclaveError)) throw error;
      changes.invalid.set(id, error);
    }
  }

  #commit(changes: Changes<T>, revision: number, resync: boolean): MirrorBatch<T> {
    const puts = new Map<string, T>();
    const deletes = new Set<string>();
    for (const [id, modRevision] of changes.modRevisions) {
      this.invalid.delete(id);
      if (modRevision === null) this.#modRevisions.delete(id);
      else this.#modRevisions.set(id, modRevision);
    }
    for (const [id, written] of changes.values) {
      if (written !== null) {
        this.entries.set(id, written.value);
        puts.set(id, written.value);
      } else if (this.entries.delete(id)) {
        deletes.add(id);
      }
    }
    for (const [id, error] of changes.invalid) this.invalid.set(id, error);
    this.#revision = revision;
    return { puts, deletes, invalid: changes.invalid, revision, resync };
  }
}

function noChanges<T>(): Changes<T> {
  return { values: new Map(), modRevisions: new Map(), invalid: new Map() };
}

function remove<T>(changes: Changes<T>, id: string): void {
  changes.values.set(id, null);
  changes.modRevisions.set(id, null);
  changes.invalid.delete(id);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Begins the id of a key that is no text. A lone surrogate: no UTF-8 decodes to it, so no other key has it. */
const STRANGE = "\ud800";

/** The key as text, or, if its bytes are no UTF-8, something that no other key is called. */
function keyId(key: Uint8Array): string {
  try {
    return decoder.decode(key);
  } catch {
    return STRANGE + key.join();
  }
}

function isStrange(id: string): boolean {
  return id.startsWith(STRANGE);
}
