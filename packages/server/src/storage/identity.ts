import type { MemberId } from "@conclave/raft";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import { readSmallFile, writeSmallFile } from "./small-file.ts";

/** Layout of the data directory as a whole. */
const DIRECTORY_FORMAT = 1;
export const IDENTITY_NAME = "identity";

/** A member as those know it who have not read its cluster's log. */
export interface KnownMember {
  readonly id: MemberId;
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** Whose data a directory holds. Written once, when it is made: later starts need not be told again. */
export interface Identity {
  readonly clusterId: bigint;
  readonly memberId: MemberId;
  readonly name: string;
  /** Who formed the cluster: all that is known of its members before its log is read. */
  readonly members: readonly KnownMember[];
  /** Of a member that was added: who the members were then. They may tell it of its removal before it has read the log. */
  readonly contacts?: readonly KnownMember[];
}

/** @returns null if none was written yet. */
export async function readIdentity(disk: Disk, directory: string): Promise<Identity | null> {
  const text = await readSmallFile(disk, directory, IDENTITY_NAME);
  if (text === null) return null;
  const damaged = () => new DataDirectoryError("DAMAGED", `${directory}/identity cannot be read`);
  const fields = parseFields(text);
  if (fields === null) throw damaged();
  const { format, clusterId, memberId, name, members, contacts } = fields;
  if (typeof format !== "number") throw damaged();
  if (format > DIRECTORY_FORMAT) {
    const message = `${directory} was written by a newer version (format ${format}, this one reads up to ${DIRECTORY_FORMAT})`;
    throw new DataDirectoryError("NEWER_FORMAT", message);
  }
  if (typeof name !== "string" || !isHexId(clusterId) || !isHexId(memberId)) throw damaged();
  const known = knownMembers(members);
  const knownContacts = contacts === undefined ? [] : knownMembers(contacts);
  if (known === null || knownContacts === null) throw damaged();
  return {
    clusterId: BigInt(`0x${clusterId}`),
    memberId: BigInt(`0x${memberId}`),
    name,
    members: known,
    ...(knownContacts.length === 0 ? {} : { contacts: knownContacts }),
  };
}

export function writeIdentity(disk: Disk, directory: string, identity: Identity): Promise<void> {
  const fields = {
    format: DIRECTORY_FORMAT,
    clusterId: identity.clusterId.toString(16),
    memberId: identity.memberId.toString(16),
    name: identity.name,
    members: identity.members.map(fieldsOf),
    ...(identity.contacts === undefined ? {} : { contacts: identity.contacts.map(fieldsOf) }),
  };
  return writeSmallFile(disk, directory, IDENTITY_NAME, `${JSON.stringify(fields, null, 2)}\n`);
}

function fieldsOf({ id, name, peerUrls }: KnownMember) {
  return { id: id.toString(16), name, peerUrls };
}

/** @throws DataDirectoryError if the directory belongs to somebody else. */
export function checkIdentity(directory: string, found: Identity, wanted: Identity): void {
  if (found.clusterId !== wanted.clusterId) {
    const message = `${directory} holds data of cluster ${found.clusterId.toString(16)}, not of ${wanted.clusterId.toString(16)}`;
    throw new DataDirectoryError("OTHER_CLUSTER", message);
  }
  if (found.memberId !== wanted.memberId) {
    const message = `${directory} holds data of member ${found.memberId.toString(16)} (${found.name}), not of ${wanted.memberId.toString(16)} (${wanted.name})`;
    throw new DataDirectoryError("OTHER_MEMBER", message);
  }
}

function parseFields(text: string): Record<string, unknown> | null {
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === "object" && fields !== null ? { ...fields } : null;
  } catch {
    return null;
  }
}

/** @returns null unless it is a list of members */
export function knownMembers(value: unknown): KnownMember[] | null {
  if (!Array.isArray(value)) return null;
  const members: KnownMember[] = [];
  for (const entry of value as readonly unknown[]) {
    if (typeof entry !== "object" || entry === null) return null;
    const { id, name, peerUrls }: Record<string, unknown> = { ...entry };
    if (!isHexId(id) || typeof name !== "string" || !isTexts(peerUrls)) return null;
    members.push({ id: BigInt(`0x${id}`), name, peerUrls });
  }
  return members;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

export function isHexId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{1,16}$/.test(value);
}
