import { type Duration, durationMs } from "../duration.ts";
import type { CallLimits } from "../transport/transport.ts";

/** Limits that every single call takes. */
export interface CallOptions {
  /** For the call with all its retries. Default: the client's `timeout`. */
  readonly timeout?: Duration;
  /** Gives the call up: it rejects with CANCELLED, and its `outcome` says whether it may still take effect. */
  readonly signal?: AbortSignal;
}

export function limitsOf(options: CallOptions): CallLimits {
  return {
    timeoutMs: options.timeout === undefined ? undefined : durationMs(options.timeout, "timeout"),
    signal: options.signal,
  };
}
