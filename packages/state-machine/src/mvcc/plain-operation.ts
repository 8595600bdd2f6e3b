import { SortOrder, SortTarget } from "@conclave/wire";
import { FieldReader } from "../protobuf.ts";

/** Tags of etcdserverpb.RequestOp, and of what it may hold. */
const OPERATION = { range: 0x0a, put: 0x12, deleteRange: 0x1a } as const;
const RANGE = {
  key: 0x0a,
  rangeEnd: 0x12,
  limit: 0x18,
  sortOrder: 0x28,
  sortTarget: 0x30,
  keysOnly: 0x40,
} as const;
const PUT = { key: 0x0a, value: 0x12, lease: 0x18 } as const;
const DELETE_KEY = 0x0a;

/** `first`: the pair of a range that was created first, as locks ask for the one who holds them. */
export type PlainKind = "get" | "first" | "put" | "delete";

/** Positions are in the bytes that it was read from. */
export class PlainOperation {
  kind: PlainKind = "get";
  keyStart = 0;
  keyEnd = 0;
  rangeEndStart = 0;
  rangeEndEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  lease = 0n;
  /** Of a read: without the value. */
  keysOnly = false;
}

/** Reads operations in place, those that a plain transaction may have. */
export class PlainOperationReader {
  readonly #outer = new FieldReader();
  readonly #fields = new FieldReader();

  /**
   * Reads the etcdserverpb.RequestOp in `data[start, end)`.
   * @returns whether it is one of those, with a key
   * @throws MalformedMessage
   */
  read(data: Uint8Array, start: number, end: number, operation: PlainOperation): boolean {
    operation.keyStart = 0;
    operation.keyEnd = 0;
    const outer = this.#outer;
    outer.reset(data, start, end);
    // One member of a oneof, and nothing behind it: what comes twice is merged.
    if (!outer.next() || outer.end !== end) return false;
    return this.#readMember(outer.tag, data, outer.start, end, operation) && hasKey(operation);
  }

  #readMember(
    tag: number,
    data: Uint8Array,
    start: number,
    end: number,
    operation: PlainOperation,
  ): boolean {
    const fields = this.#fields;
    fields.reset(data, start, end);
    switch (tag) {
      case OPERATION.range:
        return readRange(fields, operation);
      case OPERATION.put:
        return readPut(fields, operation);
      case OPERATION.deleteRange:
        return readDelete(fields, operation);
      default:
        return false;
    }
  }
}

function hasKey({ keyStart, keyEnd }: PlainOperation): boolean {
  return keyEnd > keyStart;
}

function readRange(fields: FieldReader, operation: PlainOperation): boolean {
  operation.rangeEndStart = 0;
  operation.rangeEndEnd = 0;
  let limit = 0;
  let sortOrder = 0;
  let sortTarget = 0;
  let keysOnly = 0;
  while (fields.next()) {
    switch (fields.tag) {
      case RANGE.key:
        operation.keyStart = fields.start;
        operation.keyEnd = fields.end;
        break;
      case RANGE.rangeEnd:
        operation.rangeEndStart = fields.start;
        operation.rangeEndEnd = fields.end;
        break;
      case RANGE.limit:
        limit = fields.count();
        break;
      case RANGE.sortOrder:
        sortOrder = fields.count();
        break;
      case RANGE.sortTarget:
        sortTarget = fields.count();
        break;
      case RANGE.keysOnly:
        keysOnly = fields.count();
        if (keysOnly > 1) return false;
        break;
      default:
        return false;
    }
  }
  operation.keysOnly = keysOnly === 1;
  const isOneKey = operation.rangeEndStart === operation.rangeEndEnd;
  operation.kind = isOneKey ? "get" : "first";
  if (isOneKey) return limit === 0 && sortOrder === 0 && sortTarget === 0;
  return limit === 1 && sortOrder === SortOrder.ASCEND && sortTarget === SortTarget.CREATE;
}

function readPut(fields: FieldReader, operation: PlainOperation): boolean {
  operation.kind = "put";
  operation.valueStart = 0;
  operation.valueEnd = 0;
  operation.lease = 0n;
  while (fields.next()) {
    switch (fields.tag) {
      case PUT.key:
        operation.keyStart = fields.start;
        operation.keyEnd = fields.end;
        break;
      case PUT.value:
        operation.valueStart = fields.start;
        operation.valueEnd = fields.end;
        break;
      case PUT.lease:
        operation.lease = fields.signed64();
        break;
      default:
        return false;
    }
  }
  return true;
}

function readDelete(fields: FieldReader, operation: PlainOperation): boolean {
  operation.kind = "delete";
  while (fields.next()) {
    if (fields.tag !== DELETE_KEY) return false;
    operation.keyStart = fields.start;
    operation.keyEnd = fields.end;
  }
  return true;
}
