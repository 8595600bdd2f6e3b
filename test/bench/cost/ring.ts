/// <reference lib="es2024.sharedmemory" />
/**
 * How a batch of bytes goes to another thread: a buffer that changes its owner through a MessagePort, or a copy in shared
 * memory and `Atomics.notify`, without an object that a collector would have to see.
 */
export type HandOver = "port" | "ring";

const SLOT_BYTES = 2 ** 20;
/** Of the words in front: how many batches there were, and the length of the last, of each direction. */
const HEAD_BYTES = 64;
const SLOTS = {
  request: { count: 0, length: 1, at: HEAD_BYTES },
  answer: { count: 2, length: 3, at: HEAD_BYTES + SLOT_BYTES },
} as const;
type Slot = keyof typeof SLOTS;

export const SHARED_BYTES = HEAD_BYTES + 2 * SLOT_BYTES;

/** Requires: the batch before it was taken. */
export function tellBatch(shared: SharedArrayBuffer, slot: Slot, batch: Uint8Array): void {
  const { count, length, at } = SLOTS[slot];
  const words = new Int32Array(shared, 0, HEAD_BYTES / 4);
  new Uint8Array(shared, at, batch.length).set(batch);
  Atomics.store(words, length, batch.length);
  Atomics.add(words, count, 1);
  Atomics.notify(words, count);
}

/**
 * The batch after the first `seen`, as it lies in shared memory; the thread is free while it waits.
 */
export async function takeBatch(
  shared: SharedArrayBuffer,
  slot: Slot,
  seen: number,
): Promise<Uint8Array> {
  const { count, length, at } = SLOTS[slot];
  const words = new Int32Array(shared, 0, HEAD_BYTES / 4);
  while (Atomics.load(words, count) === seen) {
    const waiting = Atomics.waitAsync(words, count, seen);
    if (waiting.async) await waiting.value;
  }
  return new Uint8Array(shared, at, Atomics.load(words, length));
}
