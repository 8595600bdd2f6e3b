import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow } from "@conclave/base";
import type { Client, Lock, Term } from "@conclave/client";
import { PREFIX } from "./key-names.ts";
import { openClient } from "./sdk-client.ts";
import { ignoreOwnErrors } from "./sdk-writer.ts";
import type { Scene, Worker } from "./worker.ts";

export const LOCK_NAME = "lock";
export const ELECTION_NAME = "election";
/** What holders write, and nobody else. */
export const FENCED_KEY = `${PREFIX.fenced}data`;

const HOLD_MS_MAX = 60;
const WAIT = "2s";

/** Takes the lock or the lead, writes its fence under its own guard, and lets go. */
export class LockWorker implements Worker {
  readonly name: string;
  readonly #scene: Scene;
  readonly #client: Client;
  readonly #kind: "lock" | "election";
  #isStopping = false;

  constructor(name: string, scene: Scene, kind: "lock" | "election") {
    this.name = name;
    this.#scene = scene;
    this.#client = openClient(name, scene);
    this.#kind = kind;
  }

  async run(): Promise<void> {
    while (!this.#isStopping) {
      await sleep(nextBelow(this.#scene.prng, 10));
      const held = this.#kind === "lock" ? this.#lock() : this.#lead();
      await held.catch(ignoreOwnErrors);
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #lock(): Promise<void> {
    await this.#client.locks.request(LOCK_NAME, { timeout: WAIT }, async (lock) => {
      await this.#work(lock);
    });
  }

  async #lead(): Promise<void> {
    await using term = await this.#client.election(ELECTION_NAME).campaign({ timeout: WAIT });
    await this.#work(term);
  }

  async #work(hold: Lock | Term): Promise<void> {
    await sleep(nextBelow(this.#scene.prng, HOLD_MS_MAX));
    const key = this.#kind === "lock" ? FENCED_KEY : `${PREFIX.fenced}${ELECTION_NAME}`;
    await hold.kv.put(key, `${this.#kind} ${hold.fence.revision} ${this.#scene.nowMs()}`);
  }
}
