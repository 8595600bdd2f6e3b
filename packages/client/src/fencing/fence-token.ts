/** A fence as a caller has it: a `Fence` of the SDK, its number, or its text form. */
export type FenceToken = { readonly revision: number } | number | string;

const TOKEN_TEXT = /^\d{1,16}$/;

/** Digits of the text form, which makes fences sort as text. */
const TEXT_DIGITS = 16;

/**
 * The number of a fence.
 * @throws RangeError if it is none: a positive safe integer, or its decimal digits
 */
export function fenceRevision(token: FenceToken): number {
  const revision = typeof token === "object" ? token.revision : numberOf(token);
  if (!Number.isSafeInteger(revision) || revision < 1) {
    throw new RangeError(`${JSON.stringify(token)} is no fence`);
  }
  return revision;
}

/** The text form of a fence: 16 digits, sorting like the number. @throws RangeError if it is none */
export function fenceText(token: FenceToken): string {
  return String(fenceRevision(token)).padStart(TEXT_DIGITS, "0");
}

function numberOf(token: number | string): number {
  if (typeof token === "number") return token;
  return TOKEN_TEXT.test(token) ? Number(token) : Number.NaN;
}

/** A resource has seen a greater fence: whoever sent this one is a former holder. Nothing was written. */
export class StaleFenceError extends Error {
  override readonly name = "StaleFenceError";
  readonly code = "STALE_FENCE";
  readonly resource: string;
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
