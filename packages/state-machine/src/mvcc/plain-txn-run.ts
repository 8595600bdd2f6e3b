import { type ByteString, byteStringOf } from "@conclave/base";
import { CompareTarget } from "@conclave/wire";
import type { Refusal } from "../refusal.ts";
import { isResult, order } from "./compare.ts";
import { KeyValueView } from "./key-value.ts";
import type { PlainOperation } from "./plain-operation.ts";
import type { PlainBranch, PlainCompare, PlainTxn } from "./plain-txn.ts";
import { PlainTxnResult } from "./plain-txn-result.ts";
import { keyRangeOf } from "./range-bounds.ts";
import { NO_SLOT } from "./revision.ts";
import type { MvccStore } from "./store.ts";
import type { LeaseLookup } from "./txn.ts";

const NO_KEY = "" as ByteString;

/**
 * Runs plain transactions as `TxnEvaluation` runs any: compares on the state before, then the checks, then the branch. Made to
 * be reused.
 */
export class PlainTxnRun {
  readonly result = new PlainTxnResult();
  readonly #store: MvccStore;
  readonly #leases: LeaseLookup;
  readonly #view = new KeyValueView();
  #data: Uint8Array = new Uint8Array(0);
  #branch: PlainBranch | null = null;
  /** The key read last: most transactions are about one. */
  #key: ByteString = NO_KEY;
  #keyStart = 0;

  constructor(store: MvccStore, leases: LeaseLookup) {
    this.#store = store;
    this.#leases = leases;
  }

  /**
   * Judges the compares. `txn` was read from `data`.
   * @returns why the transaction cannot run, or null: then {@link run} it, inside a write
   */
  begin(txn: PlainTxn, data: Uint8Array): Refusal | null {
    this.#data = data;
    this.#key = NO_KEY;
    const { result } = this;
    result.clear();
    result.succeeded = this.#compare(txn);
    this.#branch = result.succeeded ? txn.success : txn.failure;
    const { operations, count } = this.#branch;
    for (let i = 0; i < count; i += 1) {
      const { kind, lease } = operations[i]!;
      if (kind === "put" && lease !== 0n && !this.#leases.has(lease)) return "leaseNotFound";
    }
    return null;
  }

  /** @param wantsAnswer false on members where nobody waits: reads are left out then */
  run(wantsAnswer: boolean): void {
    const { operations, count } = this.#branch!;
    for (let i = 0; i < count; i += 1) this.#operate(operations[i]!, wantsAnswer);
  }

  #compare(txn: PlainTxn): boolean {
    for (let i = 0; i < txn.compareCount; i += 1) {
      if (!this.#holds(txn.compares[i]!)) return false;
    }
    return true;
  }

  /** As `compareHolds` of a compare of a single key. */
  #holds(compare: PlainCompare): boolean {
    const store = this.#store;
    const { revisions } = store.index;
    const { target, result, number } = compare;
    const key = this.#keyAt(compare.keyStart, compare.keyEnd);
    const slot = store.index.liveAt(key, store.readRevision);
    const isThere = slot !== NO_SLOT;
    switch (target) {
      case CompareTarget.VERSION:
        return isResult(result, order(isThere ? revisions.version(slot) : 0, number));
      case CompareTarget.CREATE:
        return isResult(result, order(isThere ? revisions.create(slot) : 0, number));
      case CompareTarget.MOD:
        return isResult(result, order(isThere ? revisions.main(slot) : 0, number));
      case CompareTarget.LEASE:
        return isResult(result, order(isThere ? store.leases.leaseOf(key) : 0n, compare.lease));
      default: {
        if (!isThere) return false;
        const value = this.#data.subarray(compare.valueStart, compare.valueEnd);
        const present = this.#view.read(store.pairAt(slot)).value();
        return isResult(result, Buffer.compare(present, value));
      }
    }
  }

  #operate(operation: PlainOperation, wantsAnswer: boolean): void {
    const store = this.#store;
    const { kind, keyStart, keyEnd } = operation;
    switch (kind) {
      case "get":
        if (wantsAnswer) this.#get(this.#keyAt(keyStart, keyEnd), operation.keysOnly);
        return;
      case "first":
        if (wantsAnswer) this.#first(operation);
        return;
      case "put": {
        const { valueStart, valueEnd, lease } = operation;
        const key = this.#keyAt(keyStart, keyEnd);
        store.put(key, this.#data, valueStart, valueEnd, lease);
        this.result.addPut(store.readRevision);
        return;
      }
      case "delete": {
        const deleted = store.delete(this.#keyAt(keyStart, keyEnd)) ? 1 : 0;
        this.result.addDelete(store.readRevision, deleted);
      }
    }
  }

  #get(key: ByteString, keysOnly: boolean): void {
    const store = this.#store;
    const at = store.readRevision;
    const slot = store.index.liveAt(key, at);
    if (slot === NO_SLOT) this.result.addRange(at, null, 0);
    else this.result.addRange(at, this.#pairAt(key, slot, keysOnly), 1);
  }

  #pairAt(key: ByteString, slot: number, keysOnly: boolean): Uint8Array {
    return keysOnly ? this.#store.keyOnlyAt(key, slot) : this.#store.pairAt(slot);
  }

  /** Of keys that were created together, the first in key order. */
  #first({ keyStart, keyEnd, rangeEndStart, rangeEndEnd, keysOnly }: PlainOperation): void {
    const store = this.#store;
    const { revisions } = store.index;
    const data = this.#data;
    const range = keyRangeOf(
      data.subarray(keyStart, keyEnd),
      data.subarray(rangeEndStart, rangeEndEnd),
    );
    const at = store.readRevision;
    let first = NO_SLOT;
    let firstKey = NO_KEY;
    let count = 0;
    store.index.visitLive(range.key, range.end, at, (key, slot) => {
      count += 1;
      if (first !== NO_SLOT && revisions.create(slot) >= revisions.create(first)) return true;
      first = slot;
      firstKey = key;
      return true;
    });
    if (first === NO_SLOT) this.result.addRange(at, null, 0);
    else this.result.addRange(at, this.#pairAt(firstKey, first, keysOnly), count);
  }

  /** A string costs more than a look at whether it is the same once more. */
  #keyAt(start: number, end: number): ByteString {
    if (!this.#isLastKey(start, end)) {
      this.#key = byteStringOf(this.#data, start, end);
      this.#keyStart = start;
    }
    return this.#key;
  }

  #isLastKey(start: number, end: number): boolean {
    const data = this.#data;
    const { length } = this.#key;
    if (end - start !== length) return false;
    for (let i = 0; i < length; i += 1) {
      if (data[start + i] !== data[this.#keyStart + i]) return false;
    }
    return true;
  }
}
