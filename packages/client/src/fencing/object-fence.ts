import { type FenceToken, fenceRevision, fenceText, StaleFenceError } from "./fence-token.ts";
import { FENCE_HEADER } from "./http-fence.ts";

/** An object as it was found, or null if there was none. */
export interface FoundObject {
  /** Its user metadata. */
  readonly metadata?: Readonly<Record<string, string | undefined>> | undefined;
  /** What names this very content: an ETag, or a generation of Google Cloud Storage. */
  readonly version: string;
}

/** What a write must carry. */
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
 * const found = await s3.send(new HeadObjectCommand({ Bucket, Key })).catch(absent);
 * const { headers, metadata } = objectPrecondition(
 *   Key,
 *   found && { metadata: found.Metadata, version: found.ETag },
 *   lock.fence,
 * );
 * const conditions = { IfMatch: headers["if-match"], IfNoneMatch: headers["if-none-match"] };
 * await s3.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: metadata, ...conditions }));
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
