import type { MemberId } from "@conclave/raft";
import type { ServerStream } from "@conclave/rpc";
import { formatId, REMOVED_STATUS } from "./peer-protocol.ts";

/** How a removed member is told so. */
export function removalText(from: MemberId): string {
  return `${formatId(from)} is refused: it was removed from the cluster`;
}

/**
 * The links that others have open to this member. One that was removed need not say anything on its link ever again, nor
 * does anybody write to it: that its link ends is how it learns that it may stop.
 */
export class OpenLinks {
  readonly #fromByStream = new Map<ServerStream, MemberId>();

  add(stream: ServerStream, from: MemberId): void {
    this.#fromByStream.set(stream, from);
  }

  delete(stream: ServerStream): void {
    this.#fromByStream.delete(stream);
  }

  get count(): number {
    return this.#fromByStream.size;
  }

  /** Ends the links of those who were removed. */
  endRemoved(removed: ReadonlySet<MemberId>): void {
    if (removed.size === 0) return;
    for (const [stream, from] of [...this.#fromByStream]) {
      if (!removed.has(from)) continue;
      this.#fromByStream.delete(stream);
      stream.end(REMOVED_STATUS, removalText(from));
    }
  }
}
