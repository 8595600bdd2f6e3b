import { CompareTarget } from "@conclave/wire";
import { FieldReader, MalformedMessage } from "../protobuf.ts";
import { PlainOperation, PlainOperationReader } from "./plain-operation.ts";

/** Compares of a plain transaction, and operations of a branch of it, at most. Count. */
const PLAIN_COUNT_MAX = 8;

/** Tags of etcdserverpb.TxnRequest, and of its compares. */
const TXN = { compare: 0x0a, success: 0x12, failure: 0x1a } as const;
const COMPARE = {
  result: 0x08,
  target: 0x10,
  key: 0x1a,
  version: 0x20,
  createRevision: 0x28,
  modRevision: 0x30,
  value: 0x3a,
  lease: 0x40,
} as const;
/** What each target is compared with, by the number of the target. */
const OPERAND_TAGS: readonly number[] = [
  COMPARE.version,
  COMPARE.createRevision,
  COMPARE.modRevision,
  COMPARE.value,
  COMPARE.lease,
];
const COMPARE_RESULT_MAX = 3;

/** A compare of one key. Positions are in the bytes that the transaction was read from. */
export class PlainCompare {
  result = 0;
  target = 0;
  keyStart = 0;
  keyEnd = 0;
  /** What a version or a revision is compared with. */
  number = 0;
  valueStart = 0;
  valueEnd = 0;
  lease = 0n;
}

export class PlainBranch {
  readonly operations = Array.from({ length: PLAIN_COUNT_MAX }, () => new PlainOperation());
  count = 0;
  puts = 0;
  writes = 0;

  clear(): void {
    this.count = 0;
    this.puts = 0;
    this.writes = 0;
  }
}

/**
 * Reads the transactions of every day in place, with no object for what they consist of: locks and compare-and-swap. A plain
 * one compares versions, revisions, values or leases of single keys; each of its branches has at most one write, of a single key; it
 * writes in one of them. Nothing can be wrong with such a request but its size. Made to be reused.
 */
export class PlainTxn {
  readonly compares = Array.from({ length: PLAIN_COUNT_MAX }, () => new PlainCompare());
  compareCount = 0;
  readonly success = new PlainBranch();
  readonly failure = new PlainBranch();
  readonly #fields = new FieldReader();
  readonly #compareFields = new FieldReader();
  readonly #operations = new PlainOperationReader();

  /** Compares, or operations of a branch, whichever are most: what a limit is set on. */
  get width(): number {
    return Math.max(this.compareCount, this.success.count, this.failure.count);
  }

  get mayPut(): boolean {
    return this.success.puts + this.failure.puts > 0;
  }

  /**
   * Reads the etcdserverpb.TxnRequest in `data[start, end)`.
   * @returns whether it surely is one, and plain; false says nothing
   */
  read(data: Uint8Array, start: number, end: number): boolean {
    this.compareCount = 0;
    this.success.clear();
    this.failure.clear();
    try {
      if (!this.#readFields(data, start, end)) return false;
    } catch (error) {
      if (error instanceof MalformedMessage) return false;
      throw error;
    }
    const { success, failure } = this;
    return success.writes <= 1 && failure.writes <= 1 && success.writes + failure.writes > 0;
  }

  #readFields(data: Uint8Array, start: number, end: number): boolean {
    const fields = this.#fields;
    fields.reset(data, start, end);
    while (fields.next()) {
      switch (fields.tag) {
        case TXN.compare:
          if (!this.#readCompare(data, fields.start, fields.end)) return false;
          break;
        case TXN.success:
          if (!this.#readOperation(data, fields.start, fields.end, this.success)) return false;
          break;
        case TXN.failure:
          if (!this.#readOperation(data, fields.start, fields.end, this.failure)) return false;
          break;
        default:
          return false;
      }
    }
    return true;
  }

  #readCompare(data: Uint8Array, start: number, end: number): boolean {
    if (this.compareCount === PLAIN_COUNT_MAX) return false;
    const compare = this.compares[this.compareCount]!;
    this.compareCount += 1;
    compare.result = 0;
    compare.target = CompareTarget.VERSION;
    compare.keyStart = 0;
    compare.keyEnd = 0;
    let operandTag = 0;
    const fields = this.#compareFields;
    fields.reset(data, start, end);
    while (fields.next()) {
      const { tag } = fields;
      switch (tag) {
        case COMPARE.result:
          if (fields.count() > COMPARE_RESULT_MAX) return false;
          compare.result = fields.low;
          break;
        case COMPARE.target:
          if (fields.count() >= OPERAND_TAGS.length) return false;
          compare.target = fields.low;
          break;
        case COMPARE.key:
          compare.keyStart = fields.start;
          compare.keyEnd = fields.end;
          break;
        case COMPARE.version:
        case COMPARE.createRevision:
        case COMPARE.modRevision:
          compare.number = fields.bound();
          operandTag = tag;
          break;
        case COMPARE.value:
          compare.valueStart = fields.start;
          compare.valueEnd = fields.end;
          operandTag = tag;
          break;
        case COMPARE.lease:
          compare.lease = fields.signed64();
          operandTag = tag;
          break;
        default:
          return false;
      }
    }
    return compare.keyEnd > compare.keyStart && operandTag === OPERAND_TAGS[compare.target];
  }

  #readOperation(data: Uint8Array, start: number, end: number, branch: PlainBranch): boolean {
    if (branch.count === PLAIN_COUNT_MAX) return false;
    const operation = branch.operations[branch.count]!;
    if (!this.#operations.read(data, start, end, operation)) return false;
    branch.count += 1;
    if (operation.kind === "put") branch.puts += 1;
    if (operation.kind === "put" || operation.kind === "delete") branch.writes += 1;
    return true;
  }
}
