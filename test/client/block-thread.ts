/** Keeps this thread from running anything for `ms`, as a long computation would, but leaves the processor to others. */
export function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
