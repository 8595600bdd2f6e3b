import { type ByteString, byteStringOf } from "@conclave/base";

/**
 * How the state lies in the store: one table a prefix byte. The order of the tables is the order in which they are
 * loaded, so leases are known before the keys that hang on them.
 *
 * | prefix | key | value |
 * |---|---|---|
 * | `a` | name | see {@link META} |
 * | `b` | alarm type (1 byte), member id (8) | empty |
 * | `c` | lease id (8, two's complement) | granted TTL in seconds (8, big-endian) |
 * | `d` | member id (8) | etcdserverpb.Member; what it leaves empty is as the cluster was founded |
 * | `e` | id of a removed member (8) | empty |
 * | `k` | main revision (8), sub-revision (4) | mvccpb.KeyValue; without create revision it is a tombstone |
 *
 * All numbers are big-endian.
 */
export const TABLE = {
  meta: "a",
  alarm: "b",
  lease: "c",
  member: "d",
  removedMember: "e",
  revision: "k",
} as const;

export const META = {
  /** Applied index, applied term, current revision: 8 bytes each. Written with every entry (E1, E5). */
  applied: `${TABLE.meta}applied`,
  /** Compact revision in force, from the moment Compact is applied: 8 bytes. */
  compact: `${TABLE.meta}compact`,
  /** Compact revision up to which superseded records are really gone: 8 bytes. */
  swept: `${TABLE.meta}swept`,
} as const;

/** Bytes of a key in the revision table. */
export const REVISION_KEY_BYTES = 13;

const TWO_32 = 2 ** 32;

/** The key of the record written at a revision. From numbers: text is made of bytes by a call out of V8, five times slower. */
export function revisionKey(main: number, sub: number): string {
  const high = Math.floor(main / TWO_32);
  return String.fromCharCode(
    0x6b,
    high >>> 24,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (main >>> 24) & 0xff,
    (main >>> 16) & 0xff,
    (main >>> 8) & 0xff,
    main & 0xff,
    (sub >>> 24) & 0xff,
    (sub >>> 16) & 0xff,
    (sub >>> 8) & 0xff,
    sub & 0xff,
  );
}

export function mainOfRevisionKey(key: string): number {
  return uint32At(key, 1) * TWO_32 + uint32At(key, 5);
}

export function subOfRevisionKey(key: string): number {
  return uint32At(key, 9);
}

/** The same of a key that is there as bytes. */
export function mainOfRevisionKeyBytes(key: Uint8Array): number {
  return uint32In(key, 1) * TWO_32 + uint32In(key, 5);
}

export function subOfRevisionKeyBytes(key: Uint8Array): number {
  return uint32In(key, 9);
}

/** Three numbers, 8 bytes each, in one value. Requires: safe integers, not negative. */
export function encodeCounts(...counts: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * counts.length);
  let at = 0;
  for (const count of counts) {
    writeUint32(bytes, at, Math.floor(count / TWO_32));
    writeUint32(bytes, at + 4, count >>> 0);
    at += 8;
  }
  return bytes;
}

export function countAt(bytes: Uint8Array, position: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(8 * position) * TWO_32 + view.getUint32(8 * position + 4);
}

/** A 64-bit identifier as 8 characters that sort as the unsigned number. */
export function idKey(id: bigint): ByteString {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, id));
  return byteStringOf(bytes);
}

export function leaseKey(id: bigint): string {
  return TABLE.lease + idKey(id);
}

export function memberKey(id: bigint): string {
  return TABLE.member + idKey(id);
}

export function removedMemberKey(id: bigint): string {
  return TABLE.removedMember + idKey(id);
}

export function alarmKey(alarm: number, member: bigint): string {
  return TABLE.alarm + String.fromCharCode(alarm) + idKey(member);
}

/** The unsigned 64-bit number written in `key` from `at` on. */
export function idAt(key: string, at: number): bigint {
  return (BigInt(uint32At(key, at)) << 32n) | BigInt(uint32At(key, at + 4));
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function uint32At(key: string, at: number): number {
  return (
    ((key.charCodeAt(at) << 24) |
      (key.charCodeAt(at + 1) << 16) |
      (key.charCodeAt(at + 2) << 8) |
      key.charCodeAt(at + 3)) >>>
    0
  );
}

function uint32In(key: Uint8Array, at: number): number {
  return ((key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!) >>> 0;
}
