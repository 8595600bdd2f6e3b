import type { KeyValue as WireKeyValue } from "@conclave/wire";
import { type Namespace, textOf } from "./keys.ts";

/**
 * A key with what it holds, as of the revision it was read at.
 *
 * @example
 * ```ts
 * await client.kv.put("config", '{ "pageSize": 20 }');
 * const pair = await client.kv.get("config");
 * if (pair !== null) {
 *   console.log(pair.keyText, pair.text, pair.json());
 *   console.log(pair.version === 1 ? "new" : `since ${pair.createRevision}`, pair.modRevision);
 *   console.log(pair.leaseId === 0n ? "stays" : "ends with its lease");
 *   console.log(pair.key.length + pair.value.length, "bytes");
 * }
 * ```
 */
export class KeyValue {
  /** Without the client's namespace. */
  readonly key: Uint8Array;
  /** Empty if only keys were asked for. */
  readonly value: Uint8Array;
  /** Revision that created this generation of the key. */
  readonly createRevision: number;
  /** Revision of the last write to the key. */
  readonly modRevision: number;
  /** Writes since creation; 1 right after it. */
  readonly version: number;
  /** The lease the key dies with; 0n for none. */
  readonly leaseId: bigint;

  constructor(namespace: Namespace, wire: WireKeyValue) {
    this.key = namespace.strip(wire.key);
    this.value = wire.value;
    this.createRevision = wire.createRevision;
    this.modRevision = wire.modRevision;
    this.version = wire.version;
    this.leaseId = wire.lease;
  }

  /** The key as text. */
  get keyText(): string {
    return textOf(this.key);
  }

  /** The value as text. */
  get text(): string {
    return textOf(this.value);
  }

  /** The value as JSON. @throws SyntaxError if it is none. */
  json(): unknown {
    return JSON.parse(this.text);
  }
}
