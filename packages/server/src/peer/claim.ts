import type { LogIndex, Term } from "@conclave/raft";
import { type BootRecord, recordFields, recordOf } from "../storage/boot-record.ts";

/** What a member says of itself before it takes part. */
export interface Claim extends BootRecord {
  /** What its disk holds; null if it does not vouch for that: it runs already, or its log recovers. */
  readonly log: { readonly term: Term; readonly lastIndex: LogIndex } | null;
}

export function encodeClaim(claim: Claim): Uint8Array {
  return Buffer.from(JSON.stringify({ ...recordFields(claim), log: claim.log }));
}

/** @returns null if the bytes are no claim */
export function decodeClaim(bytes: Uint8Array): Claim | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    const boot = recordOf(value);
    const { log } = value as { log: unknown };
    if (boot === null) return null;
    if (log === null) return { ...boot, log };
    const { term, lastIndex } = log as { term: unknown; lastIndex: unknown };
    if (!Number.isSafeInteger(term) || !Number.isSafeInteger(lastIndex)) return null;
    return { ...boot, log: { term: Number(term), lastIndex: Number(lastIndex) } };
  } catch {
    return null;
  }
}
