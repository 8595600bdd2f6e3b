import { createHash } from "node:crypto";

/**
 * The id etcd gives a member of a bootstrapped cluster: the first eight bytes of SHA-1 over its sorted
 * peer URLs, written one after the other, and the cluster's token. Every member computes the ids of
 * all from the same flags, without talking to anyone.
 */
export function memberIdOf(peerUrls: readonly string[], clusterToken: string): bigint {
  return sha1Prefix(Buffer.from([...peerUrls].sort().join("") + clusterToken, "utf8"));
}

/** The id etcd gives a cluster: the first eight bytes of SHA-1 over its sorted member ids. */
export function clusterIdOf(memberIds: readonly bigint[]): bigint {
  const sorted = [...memberIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bytes = Buffer.alloc(8 * sorted.length);
  for (const [position, id] of sorted.entries()) bytes.writeBigUInt64BE(id, 8 * position);
  return sha1Prefix(bytes);
}

/** An id as etcd's tools print it. */
export function idText(id: bigint): string {
  return id.toString(16);
}

function sha1Prefix(bytes: Uint8Array): bigint {
  return createHash("sha1").update(bytes).digest().readBigUInt64BE(0);
}
