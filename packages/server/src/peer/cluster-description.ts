import { isHexId, type KnownMember, knownMembers } from "../storage/identity.ts";

/** What a member tells whoever is to join its cluster. */
export interface ClusterDescription {
  readonly clusterId: bigint;
  /** Who formed the cluster: what the log does not say. */
  readonly founders: readonly KnownMember[];
  /** Who is a member now, as far as the member knows that was asked. A name is empty until its member has started. */
  readonly members: readonly KnownMember[];
}

interface DescriptionFields {
  readonly clusterId?: unknown;
  readonly founders?: unknown;
  readonly members?: unknown;
}

export function encodeClusterDescription(description: ClusterDescription): Uint8Array {
  const { clusterId, founders, members } = description;
  const listOf = (list: readonly KnownMember[]) =>
    list.map(({ id, name, peerUrls }) => ({ id: id.toString(16), name, peerUrls }));
  const fields = {
    clusterId: clusterId.toString(16),
    founders: listOf(founders),
    members: listOf(members),
  };
  return Buffer.from(JSON.stringify(fields));
}

/** @returns null if the bytes are no description. */
export function decodeClusterDescription(bytes: Uint8Array): ClusterDescription | null {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
  if (typeof fields !== "object" || fields === null) return null;
  const { clusterId, ...lists }: DescriptionFields = { ...fields };
  const founders = knownMembers(lists.founders);
  const members = knownMembers(lists.members);
  if (!isHexId(clusterId) || founders === null || members === null) return null;
  return { clusterId: BigInt(`0x${clusterId}`), founders, members };
}
