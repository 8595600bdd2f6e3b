import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@conclave/client";
import { openClient } from "./sdk-client.ts";
import { ignoreOwnErrors } from "./sdk-writer.ts";
import type { Scene, Worker } from "./worker.ts";

/** Follows every change of a prefix from the first revision on, through whatever happens. */
export class WatchWorker implements Worker {
  readonly name: string;
  readonly #client: Client;
  readonly prefix: string;
  readonly #scene: Scene;
  readonly #onEvent: (revision: number) => void;
  readonly #stopped = new AbortController();

  constructor(name: string, scene: Scene, prefix: string, onEvent: (revision: number) => void) {
    this.name = name;
    this.#scene = scene;
    this.#client = openClient(name, scene);
    this.prefix = prefix;
    this.#onEvent = onEvent;
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const watch = this.#client.watch({ prefix: this.prefix }, { from: 1, signal });
    try {
      for await (const { revision } of watch) this.#onEvent(revision);
    } catch (error) {
      ignoreOwnErrors(error);
    }
    if (!signal.aborted) this.#scene.fail(`the watch of ${this.name} ended by itself`);
    await sleep(0);
  }

  /** To be called when it has seen what there is to see. */
  stop(): void {
    this.#stopped.abort();
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
