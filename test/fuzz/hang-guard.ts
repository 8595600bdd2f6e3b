import { Worker } from "node:worker_threads";

/** Longer than any input may take by far: what is not back by then never comes back. */
const HANG_MS = 60_000;
const INPUT_BYTES_MAX = 8_192;

/** Kills the process from a thread of its own: the event loop that hangs can neither say so nor be interrupted. */
const WATCHING = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { writeSync } = require("node:fs");
  const words = new Int32Array(workerData.state);
  const input = new Uint8Array(workerData.input);
  let entered = -1, sinceMs = 0;
  parentPort.unref();
  setInterval(() => {
    const [now, inputBytes, doorBytes] = words;
    if (now !== entered) { entered = now; sinceMs = performance.now(); }
    if (now % 2 === 0 || performance.now() - sinceMs < workerData.hangMs) return;
    const door = Buffer.from(input.subarray(inputBytes, inputBytes + doorBytes)).toString();
    const hex = Buffer.from(input.subarray(0, inputBytes)).toString("hex");
    writeSync(2, "\\n" + door + " hangs on " + hex + "\\n");
    process.kill(process.pid, "SIGKILL");
  }, 1000);
`;

/** Sees to it that an input on which a door hangs is told, and ends the run. */
export class HangGuard implements AsyncDisposable {
  readonly #input = new Uint8Array(new SharedArrayBuffer(INPUT_BYTES_MAX));
  /** Odd while an input is inside; then the lengths of the input and of the door's name. */
  readonly #state = new Int32Array(new SharedArrayBuffer(12));
  readonly #worker: Worker;

  constructor(hangMs = HANG_MS) {
    const workerData = { input: this.#input.buffer, state: this.#state.buffer, hangMs };
    this.#worker = new Worker(WATCHING, { eval: true, workerData });
    this.#worker.unref();
  }

  enter(door: string, input: Uint8Array): void {
    const kept = input.subarray(0, INPUT_BYTES_MAX / 2);
    this.#input.set(kept);
    this.#state[1] = kept.length;
    this.#state[2] = Buffer.from(this.#input.buffer).write(door, kept.length);
    this.#state[0]! += 1;
  }

  leave(): void {
    this.#state[0]! += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
