import { type ByteString, byteStringOf } from "@conclave/base";

/** Which keys a request means: one key, or [key, end), where a null end means everything from key on. */
export interface KeyRange {
  readonly key: ByteString;
  readonly isSingle: boolean;
  readonly end: ByteString | null;
}

/**
 * etcd's three forms of a range: an absent end means the key alone, an end of one zero byte means all keys from `key`
 * on, anything else is the first key outside. An end not after the key makes an empty range, which is no error.
 */
export function keyRangeOf(key: Uint8Array, rangeEnd: Uint8Array): KeyRange {
  const start = byteStringOf(key);
  if (rangeEnd.length === 0) return { key: start, isSingle: true, end: null };
  const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
  return { key: start, isSingle: false, end: isOpen ? null : byteStringOf(rangeEnd) };
}

export function rangeContains(range: KeyRange, key: ByteString): boolean {
  if (range.isSingle) return range.key === key;
  return range.key <= key && (range.end === null || key < range.end);
}
