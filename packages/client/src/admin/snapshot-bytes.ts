import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { type Deferred, deferred } from "@conclave/base";
import { Maintenance } from "@conclave/wire";
import { endedBy, onAbort } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";

/** Chunks that wait for the reader before the server is asked to stop. Count; etcd's chunks have 32 KiB. */
const CHUNKS_HELD_MAX = 16;
/** A snapshot ends with the SHA-256 of all before it. Bytes. */
const CHECKSUM_BYTES = 32;

/** The bytes of a member's store, as they arrive. */
export async function* readSnapshotBytes(
  transport: Transport,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: Uint8Array[] = [];
  let over: { readonly error: ConclaveError | null } | null = null;
  let news: Deferred<void> = deferred();
  const end = (error: ConclaveError | null) => {
    over ??= { error };
    news.resolve();
  };
  const stream = transport.stream(Maintenance.Snapshot, {
    onMessage: ({ blob }) => {
      chunks.push(blob);
      if (chunks.length >= CHUNKS_HELD_MAX) stream.pause();
      news.resolve();
    },
    onEnd: end,
    onDone: () => end(null),
  });
  const stopListening = onAbort(signal, () => end(endedBy(signal!, "not-applied")));
  stream.send({});
  try {
    for (;;) {
      signal?.throwIfAborted();
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        if (chunks.length === 0) stream.resume();
        yield chunk;
        continue;
      }
      const { error } = over ?? { error: undefined };
      if (error === null) return;
      if (error !== undefined) throw error;
      news = deferred();
      await news.promise;
    }
  } catch (error) {
    throw signal?.aborted ? endedBy(signal, "not-applied") : error;
  } finally {
    stopListening();
    stream.cancel();
  }
}

/** Writes the bytes of a snapshot beside `path`, checks them, and moves them there. @returns how many */
export async function saveSnapshotBytes(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
): Promise<number> {
  const partPath = `${path}.part`;
  try {
    const sizeBytes = await writeChecked(bytes, partPath);
    await rename(partPath, path);
    return sizeBytes;
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
}

async function writeChecked(bytes: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  await using file = await open(path, "w", 0o600); // All keys are in it.
  const hash = createHash("sha256");
  /** What may be the checksum: the last bytes so far. */
  let tail: Uint8Array = new Uint8Array(0);
  let sizeBytes = 0;
  for await (const chunk of bytes) {
    await file.write(chunk);
    sizeBytes += chunk.length;
    const unhashed = Buffer.concat([tail, chunk]);
    const cut = Math.max(0, unhashed.length - CHECKSUM_BYTES);
    hash.update(unhashed.subarray(0, cut));
    tail = unhashed.subarray(cut);
  }
  await file.sync();
  if (hash.digest().equals(tail)) return sizeBytes;
  throw new ConclaveError("CORRUPT", "not-applied", "snapshot: its checksum is wrong");
}
