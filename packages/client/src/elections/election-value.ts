import { bytesFrom } from "../kv/keys.ts";

/**
 * What a candidate says of itself: a text or bytes, which are sent as they are, as `etcdctl elect` does; or anything
 * else that JSON can hold.
 */
export type ElectionValue =
  | string
  | Uint8Array
  | number
  | boolean
  | null
  | { readonly [name: string]: unknown }
  | readonly unknown[];

export function electionBytes(value: ElectionValue): Uint8Array {
  const isRaw = typeof value === "string" || value instanceof Uint8Array;
  return bytesFrom(isRaw ? value : JSON.stringify(value));
}
