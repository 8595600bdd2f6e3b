import type { Timer } from "@conclave/base";
import { Backoff, type Runtime } from "../runtime.ts";
import { refreshAfterMs } from "./token-life.ts";

/** Pauses between attempts to replace a token that still works, ms. */
const REFRESH_RETRY_MIN_MS = 1_000;
const REFRESH_RETRY_MAX_MS = 30_000;

/**
 * The token that calls go with. It is replaced in the background before it ends, so no call waits for that; and on demand
 * when a server refuses it, once for all calls that were refused together.
 */
export class TokenKeeper {
  readonly #fetch: () => Promise<string>;
  readonly #runtime: Runtime;
  readonly #refreshMs: number | undefined;
  readonly #onReplaced: () => void;
  readonly #backoff: Backoff;
  #token = "";
  #renewing: Promise<void> | null = null;
  #refresh: Timer | null = null;
  #isClosed = false;

  /** @param refreshMs how long to use a token; undefined: as long as it tells */
  constructor(
    fetch: () => Promise<string>,
    runtime: Runtime,
    refreshMs: number | undefined,
    onReplaced: () => void,
  ) {
    this.#fetch = fetch;
    this.#runtime = runtime;
    this.#refreshMs = refreshMs;
    this.#onReplaced = onReplaced;
    this.#backoff = new Backoff(runtime.prng, REFRESH_RETRY_MIN_MS, REFRESH_RETRY_MAX_MS);
  }

  /** Empty while the server asks for none. */
  get token(): string {
    return this.#token;
  }

  /**
   * Replaces `refused`, unless that was done already; joins an attempt that is under way.
   * @throws what the attempt fails with
   */
  async replace(refused: string): Promise<void> {
    if (this.#token !== refused && this.#token !== "") return;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    await this.#renewing;
  }

  close(): void {
    this.#isClosed = true;
    this.#refresh?.cancel();
  }

  async #renew(): Promise<void> {
    const token = await this.#fetch();
    if (this.#isClosed) return;
    const isOther = token !== this.#token;
    this.#token = token;
    this.#backoff.reset();
    if (token !== "") this.#refreshIn(this.#refreshMs ?? refreshAfterMs(token, Date.now()));
    if (isOther) this.#onReplaced();
  }

  #refreshIn(delayMs: number): void {
    this.#refresh?.cancel();
    this.#refresh = this.#runtime.clock.setTimer(delayMs, () => {
      // The token at hand still works, so a failure costs nothing yet.
      this.replace(this.#token).catch(() => {
        if (!this.#isClosed) this.#refreshIn(this.#backoff.nextDelayMs());
      });
    });
  }
}
