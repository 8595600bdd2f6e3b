import { readFile } from "node:fs/promises";
import { ConclaveError } from "../errors.ts";
import { KeyValue } from "../kv/key-value.ts";
import { type Bytes, bytesFrom, Namespace } from "../kv/keys.ts";
import { decoderOf, type ValueCodec } from "../kv/value-codec.ts";

/**
 * The value that a file holds, read as the key's own would be.
 * @throws ConclaveError INVALID_VALUE that names the file; what reading it fails with
 */
export async function readFallbackFile<T>(
  path: string,
  key: Bytes,
  codec: ValueCodec<T>,
): Promise<T> {
  const value = new Uint8Array(await readFile(path));
  const pair = new KeyValue(new Namespace(""), {
    key: bytesFrom(key),
    value,
    createRevision: 0,
    modRevision: 0,
    version: 0,
    lease: 0n,
  });
  try {
    return decoderOf(codec)(pair);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `fallbackFile ${path}: ${why}`;
    throw new ConclaveError("INVALID_VALUE", "not-applied", message, { cause });
  }
}
