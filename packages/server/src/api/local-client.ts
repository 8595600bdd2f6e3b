import type {
  DeleteRangeRequestInit,
  DeleteRangeResponse,
  KeyValue,
  RangeRequestInit,
  RangeResponse,
  ResponseHeader,
  TxnRequestInit,
  TxnResponse,
} from "@conclave/wire";

/** What happened to a watched key. */
export interface KeyChange {
  readonly modRevision: number;
  /** As it was put; null: it was deleted. */
  readonly kv: KeyValue | null;
}

/**
 * This member's own store as a client sees it, with promises: the lock and election services live on it, as etcd's
 * do on an in-process client. Rejects with EtcdFailure.
 */
export interface LocalClient {
  header(): ResponseHeader;
  /** Linearizable. */
  range(request: RangeRequestInit): Promise<RangeResponse>;
  txn(request: TxnRequestInit): Promise<TxnResponse>;
  deleteRange(request: DeleteRangeRequestInit): Promise<DeleteRangeResponse>;
  /** @returns the id of a new lease. */
  grantLease(ttlSeconds: number): Promise<bigint>;
  /** Changes of keys in [key, rangeEnd) from a revision on, in order, until the signal aborts. */
  watch(range: LocalRange, signal: AbortSignal): AsyncIterable<KeyChange>;
}

/** Keys in [key, rangeEnd), or one key, from a revision on. */
export interface LocalRange {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly startRevision: number;
}

/** Keys are bytes; the queue's own names are built as latin1 text so that no byte is lost. */
export function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function toBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The end of the range of all keys that start with a prefix: etcd's GetPrefixRangeEnd. */
export function prefixEnd(prefix: string): string {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const code = prefix.charCodeAt(at);
    if (code < 0xff) return prefix.slice(0, at) + String.fromCharCode(code + 1);
  }
  return "\0";
}
