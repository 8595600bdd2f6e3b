import { assert } from "@conclave/base";

/**
 * The commands of one Raft entry. An entry's data is a batch:
 *
 *     version (1 byte)  then for each command:
 *     kind (1)  origin (4)  sequence (8)  length (4)  body (length)
 *
 * Numbers are big-endian. An entry without data is Raft's no-op, or a change of membership, and holds no command.
 */
export const COMMAND_BATCH_VERSION = 1;

const HEADER_BYTES = 17;
const TWO_32 = 2 ** 32;

/** What a command asks for, and what its body is. */
export const CommandKind = {
  /** etcdserverpb.PutRequest, as it came. So are the next four. */
  PUT: 1,
  DELETE_RANGE: 2,
  TXN: 3,
  COMPACT: 4,
  LEASE_GRANT: 5,
  LEASE_REVOKE: 6,
  /** See {@link encodeLeaseExpire}. */
  LEASE_EXPIRE: 7,
  /** etcdserverpb.AlarmRequest to activate or deactivate. */
  ALARM: 8,
  /** etcdserverpb.Member of which id, name and client URLs count. */
  MEMBER_ATTRIBUTES: 9,
} as const;
export type CommandKind = (typeof CommandKind)[keyof typeof CommandKind];

/**
 * Collects commands into one batch. Bytes are copied once, into a slab that successive batches share; what `take`
 * gives away is never written again.
 */
export class CommandBatch {
  readonly #batchBytesMax: number;
  readonly #slabBytes: number;
  #slab: Buffer;
  #start = 0;
  #end = 0;
  #count = 0;

  /**
   * @param batchBytesMax most bytes of a batch of several commands; a longer command makes a batch of its own
   * @param slabBytes what is allocated at a time
   */
  constructor(batchBytesMax: number, slabBytes: number = 256 * 1024) {
    this.#batchBytesMax = batchBytesMax;
    this.#slabBytes = slabBytes;
    this.#slab = Buffer.allocUnsafeSlow(slabBytes);
  }

  /** Commands waiting. */
  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#end - this.#start;
  }

  /** @returns false, and takes nothing, if the batch is full: take it first, then append again */
  append(kind: CommandKind, origin: number, sequence: number, body: Uint8Array): boolean {
    assert(origin >>> 0 === origin, "an origin is 32 bits");
    assert(Number.isSafeInteger(sequence) && sequence >= 0, "a sequence is a safe integer");
    const needed = HEADER_BYTES + body.length;
    if (this.#count > 0 && this.sizeBytes + needed > this.#batchBytesMax) return false;
    this.#reserve(needed + 1);
    const slab = this.#slab;
    let at = this.#end;
    if (this.#count === 0) {
      slab[at] = COMMAND_BATCH_VERSION;
      at += 1;
    }
    slab[at] = kind;
    slab.writeUInt32BE(origin, at + 1);
    slab.writeUInt32BE(Math.floor(sequence / TWO_32), at + 5);
    slab.writeUInt32BE(sequence >>> 0, at + 9);
    slab.writeUInt32BE(body.length, at + 13);
    slab.set(body, at + HEADER_BYTES);
    this.#end = at + needed;
    this.#count += 1;
    return true;
  }

  /** Hands over the batch and begins the next. Empty if nothing was appended. */
  take(): Uint8Array {
    const batch = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#count = 0;
    return batch;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return;
    const open = this.#slab.subarray(this.#start, this.#end);
    this.#slab = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, open.length + bytes));
    this.#slab.set(open);
    this.#start = 0;
    this.#end = open.length;
  }
}

/** Walks the commands of an entry. Bodies are read in place: `data[bodyStart, bodyEnd)`. Made to be reused. */
export class CommandReader {
  kind = 0;
  origin = 0;
  sequence = 0;
  bodyStart = 0;
  bodyEnd = 0;
  data: Uint8Array = new Uint8Array(0);
  #at = 0;

  reset(data: Uint8Array): void {
    this.data = data;
    this.#at = 0;
    if (data.length === 0) return;
    // A version from the future means this member is older than its cluster: going on would diverge.
    assert(data[0] === COMMAND_BATCH_VERSION, `unknown version ${data[0]} of a command batch`);
    this.#at = 1;
  }

  next(): boolean {
    const { data } = this;
    const at = this.#at;
    if (at === data.length) return false;
    assert(at + HEADER_BYTES <= data.length, "a command is cut short");
    this.kind = data[at]!;
    this.origin = uint32At(data, at + 1);
    this.sequence = uint32At(data, at + 5) * TWO_32 + uint32At(data, at + 9);
    this.bodyStart = at + HEADER_BYTES;
    this.bodyEnd = this.bodyStart + uint32At(data, at + 13);
    assert(this.bodyEnd <= data.length, "a command's body is cut short");
    this.#at = this.bodyEnd;
    return true;
  }

  /** A view of the body. */
  body(): Uint8Array {
    return this.data.subarray(this.bodyStart, this.bodyEnd);
  }
}

/** Leases whose time is over in the eyes of the leader of `term`; void if applied in another term (E18). */
export interface LeaseExpire {
  readonly term: number;
  readonly leases: readonly bigint[];
}

/** Term (8 bytes), then lease ids (8 bytes each). */
export function encodeLeaseExpire(expire: LeaseExpire): Uint8Array {
  const bytes = new Uint8Array(8 + 8 * expire.leases.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(expire.term));
  expire.leases.forEach((id, i) => {
    view.setBigInt64(8 + 8 * i, id);
  });
  return bytes;
}

export function decodeLeaseExpire(bytes: Uint8Array): LeaseExpire {
  assert(bytes.length >= 8 && bytes.length % 8 === 0, "a lease expiry is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const leases: bigint[] = [];
  for (let at = 8; at < bytes.length; at += 8) leases.push(view.getBigInt64(at));
  return { term: Number(view.getBigUint64(0)), leases };
}

function uint32At(data: Uint8Array, at: number): number {
  return ((data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!) >>> 0;
}
