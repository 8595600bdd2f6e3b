import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, nextChance } from "@conclave/base";
import { type Client, ConclaveError, compare, op } from "@conclave/client";
import type { Write } from "../operations.ts";
import { PREFIX, SHARED_KEYS } from "./key-names.ts";
import { RecordedWrites } from "./recorded-writes.ts";
import { openClient } from "./sdk-client.ts";
import type { Scene, Worker } from "./worker.ts";

const THINK_MS_MAX = 4;

/** Puts and transactions by the SDK: it repeats what certainly did not happen, and its errors say what may have. */
export class SdkWriter implements Worker {
  readonly name: string;
  readonly #scene: Scene;
  readonly #client: Client;
  readonly #writes: RecordedWrites;
  #isStopping = false;

  constructor(name: string, scene: Scene) {
    this.name = name;
    this.#scene = scene;
    this.#client = openClient(name, scene);
    this.#writes = new RecordedWrites(name, scene);
  }

  async run(): Promise<void> {
    while (!this.#isStopping) {
      await sleep(nextBelow(this.#scene.prng, THINK_MS_MAX));
      const key = `${PREFIX.shared}${nextBelow(this.#scene.prng, SHARED_KEYS)}`;
      const write = nextChance(this.#scene.prng, 0.5) ? this.#put(key) : this.#replace(key);
      await write.catch(ignoreOwnErrors);
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #put(key: string): Promise<void> {
    const write = this.#writes.begin("put", key, this.#writes.drawValue());
    const { revision } = await settled(write, this.#client.kv.put(key, write.value));
    this.#writes.answered(write, revision, true);
  }

  /** Reads, and writes if nobody else did in between. */
  async #replace(key: string): Promise<void> {
    const seen = (await this.#client.kv.get(key))?.modRevision ?? 0;
    const write = this.#writes.begin("compare-and-put", key, this.#writes.drawValue(), seen);
    const txn = this.#client
      .txn()
      .if(compare(key).modRevision.eq(seen))
      .then(op.put(key, write.value));
    const { revision, succeeded } = await settled(write, txn.commit());
    this.#writes.answered(write, revision, succeeded);
  }
}

/** Writes down what an error says about the write. */
export async function settled<Result>(write: Write, result: Promise<Result>): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    write.isRefused = error instanceof ConclaveError && error.outcome === "not-applied";
    throw error;
  }
}

/** Whatever fails while a cluster is in trouble fails with an error of the SDK. */
export function ignoreOwnErrors(error: unknown): void {
  if (!(error instanceof ConclaveError)) throw error;
}
