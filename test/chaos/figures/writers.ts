import { type Client, ConclaveError, connect } from "@conclave/client";

/** A write that was acknowledged. */
export interface Acknowledged {
  readonly invokedMs: number;
  readonly ackedMs: number;
}

/** Writers that each put one value after the other, by the SDK with its defaults, and write down what came of it. */
export class Writers implements AsyncDisposable {
  readonly acknowledged: Acknowledged[] = [];
  /** Writes that ended with an error, in words. */
  readonly failures: string[] = [];
  readonly #client: Client;
  readonly #loops: readonly Promise<void>[];
  #isStopping = false;

  private constructor(client: Client, count: number) {
    this.#client = client;
    this.#loops = Array.from({ length: count }, (_, at) => this.#write(`writers/${at}`));
  }

  static async start(endpoints: readonly string[], count: number): Promise<Writers> {
    return new Writers(await connect(endpoints), count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
    await this.#client.close();
  }

  async #write(key: string): Promise<void> {
    for (let turn = 0; !this.#isStopping; turn += 1) {
      const invokedMs = performance.now();
      try {
        await this.#client.kv.put(key, `${turn}`);
        this.acknowledged.push({ invokedMs, ackedMs: performance.now() });
      } catch (error) {
        if (!(error instanceof ConclaveError)) throw error;
        this.failures.push(`${error.code} ${error.outcome}: ${error.message}`);
      }
    }
  }
}
