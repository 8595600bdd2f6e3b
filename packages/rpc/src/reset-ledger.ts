import type { Clock } from "@conclave/base";
import { ConnectionFault, ErrorCode } from "./error-code.ts";
import { type RateLimit, TokenBucket } from "./token-bucket.ts";

/** Streams that we reset and whose late frames are therefore no fault of the peer (RFC 9113 5.4.2). Count. */
const REMEMBERED_RESETS = 2_048;

/** Remembers the streams we reset, and counts the resets that the peer is to blame for. */
export class ResetLedger {
  readonly #budget: TokenBucket;
  readonly #ids: number[] = [];

  constructor(limit: RateLimit, clock: Clock) {
    this.#budget = new TokenBucket(limit, clock);
  }

  /** One more that the peer made, or made us make. Throws ConnectionFault when it is one too many. */
  charge(): void {
    if (this.#budget.take()) return;
    throw new ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many resets");
  }

  remember(id: number): void {
    this.#ids.push(id);
    if (this.#ids.length > REMEMBERED_RESETS) this.#ids.shift();
  }

  has(id: number): boolean {
    return this.#ids.includes(id);
  }
}
