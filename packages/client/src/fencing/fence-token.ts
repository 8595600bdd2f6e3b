/** A fence as a caller has it: a `Fence` of the SDK, its number, or its text form. */
export type FenceToken = { readonly revision: number } | number | string;

const TOKEN_TEXT = /^\d{1,16}$/;

/** Digits of the text form, which makes fences sort as text. */
const TEXT_DIGITS = 16;

/**
 * The number of a fence.
 * @throws RangeError if it is none: a positive safe integer, or its decimal digits
 * @example
 * ```ts
 * import { fenceRevision } from "@conclave/client/fencing";
 *
 * console.log(fenceRevision("0000000000000042")); // 42
 * ```
 */
export function fenceRevision(token: FenceToken): number {
  const revision = typeof token === "object" ? token.revision : numberOf(token);
  if (!Number.isSafeInteger(revision) || revision < 1) {
    throw new RangeError(`${JSON.stringify(token)} is no fence`);
  }
  return revision;
}

/**
 * The text form of a fence: 16 digits, sorting like the number.
 * @throws RangeError if it is none
 * @example
 * ```ts
 * import { fenceText } from "@conclave/client/fencing";
 *
 * await client.locks.request("printer/1", async (lock) => {
 *   console.log(`printed-by-${fenceText(lock.fence)}.pdf`); // names sort as the holders came
 * });
 * ```
 */
export function fenceText(token: FenceToken): string {
  return String(fenceRevision(token)).padStart(TEXT_DIGITS, "0");
}

function numberOf(token: number | string): number {
  if (typeof token === "number") return token;
  return TOKEN_TEXT.test(token) ? Number(token) : Number.NaN;
}

/**
 * A resource has seen a greater fence: whoever sent this one is a former holder. Nothing was written.
 *
 * @example
 * ```ts
 * import { fenceGate, memoryFenceStore, StaleFenceError } from "@conclave/client/fencing";
 *
 * const gate = fenceGate(memoryFenceStore());
 * await gate.admit("printer/1", 43);
 * await gate.admit("printer/1", 42).catch((error) => {
 *   if (!(error instanceof StaleFenceError)) throw error;
 *   const { code, resource, fence, highest } = error;
 *   console.log(`${code}: ${resource} has seen ${highest}, this is ${fence}`);
 * });
 * ```
 */
export class StaleFenceError extends Error {
  override readonly name = "StaleFenceError";
  /** Tells this error from others where classes do not reach: in JSON, in another copy of the package. */
  readonly code = "STALE_FENCE";
  /** What refused, by the name that it was given. */
  readonly resource: string;
  /** What was refused. */
  readonly fence: number;
  /** The greatest fence the resource has seen; null if the resource does not say. */
  readonly highest: number | null;

  constructor(resource: string, fence: number, highest: number | null) {
    const seen = highest === null ? "" : `: it has seen ${highest}`;
    super(`${JSON.stringify(resource)} refuses the fence ${fence}${seen}`);
    this.resource = resource;
    this.fence = fence;
    this.highest = highest;
  }
}
