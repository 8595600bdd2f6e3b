import { type FenceToken, fenceRevision, fenceText, StaleFenceError } from "./fence-token.ts";
import { FENCE_HEADER } from "./http-fence.ts";

/** An object as it was found, or null if there was none. */
export interface FoundObject {
  /** Its user metadata. */
  readonly metadata?: Readonly<Record<string, string | undefined>> | undefined;
  /** What names this very content: an ETag, or a generation of Google Cloud Storage. */
  readonly version: string;
}

/**
 * What a write must carry.
 *
 * @example
 * ```ts
 * import { objectPrecondition } from "@conclave/client/fencing";
 *
 * await client.locks.request("report.pdf", async (lock) => {
 *   // Google Cloud Storage: null, for getMetadata() found nothing; else its generation is the version.
 *   const { metadata, ifGenerationMatch } = objectPrecondition("report.pdf", null, lock.fence);
 *   // For file.save(): { metadata: { metadata }, preconditionOpts: { ifGenerationMatch } }
 *   console.log(metadata, ifGenerationMatch);
 * });
 * ```
 */
export interface ObjectPrecondition {
  /** User metadata to be stored with the object: the fence. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Headers for stores that compare ETags (S3, R2, Azure). */
  readonly headers: { readonly "if-match"?: string; readonly "if-none-match"?: "*" };
  /** For Google Cloud Storage; `"0"` means that there must be none. */
  readonly ifGenerationMatch: string;
}

/**
 * Lets an object store refuse former holders: an object keeps the fence it was written with, and is replaced only while it is
 * what was found. If the store answers with a failed precondition, look and ask again.
 *
 * @throws StaleFenceError if the object found was written with a greater fence; RangeError for what is no fence
 * @example
 * ```ts
 * import { type FoundObject, objectPrecondition } from "@conclave/client/fencing";
 *
 * // What HeadObject of S3 says: its Metadata, and its ETag as the version. Null for 404.
 * const found: FoundObject = { metadata: { "fence-token": "0000000000000001" }, version: '"5eb6"' };
 * await client.locks.request("report.pdf", async (lock) => {
 *   const { headers, metadata } = objectPrecondition("report.pdf", found, lock.fence);
 *   // For PutObject: { Metadata: metadata, IfMatch: headers["if-match"], IfNoneMatch: headers["if-none-match"] }
 *   console.log(headers, metadata);
 * });
 * ```
 */
export function objectPrecondition(
  name: string,
  found: FoundObject | null,
  token: FenceToken,
): ObjectPrecondition {
  const fence = fenceRevision(token);
  const stored = found?.metadata?.[FENCE_HEADER];
  const highest = stored === undefined ? null : fenceRevision(stored);
  if (highest !== null && fence < highest) throw new StaleFenceError(name, fence, highest);
  return {
    metadata: { [FENCE_HEADER]: fenceText(fence) },
    headers: found === null ? { "if-none-match": "*" } : { "if-match": found.version },
    ifGenerationMatch: found?.version ?? "0",
  };
}
