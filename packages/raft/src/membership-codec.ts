import {
  MEMBERS_MAX,
  MEMBERSHIP_CONTEXT_BYTES_MAX,
  type MembershipChangeType,
  type MembershipEntry,
  membershipOf,
} from "./membership.ts";
import type { MemberId } from "./message.ts";

/**
 * The data of a membership entry. It lives in logs and snapshots for ever, so the format is fixed:
 *
 *     version u8 = 1 | change u8 | id u64 | voter count u8 | learner count u8 | voters u64... | learners u64... | context...
 *
 * Integers are big-endian; the context is the rest.
 */
const VERSION = 1;
const HEADER_BYTES = 1 + 1 + 8 + 1 + 1;

const CHANGES: readonly MembershipChangeType[] = [
  "add-voter",
  "add-learner",
  "promote",
  "remove",
  "update",
];

/** Bytes that are no membership entry, or no message. */
export class MalformedBytes extends Error {
  override readonly name = "MalformedBytes";
}

export function encodeMembershipEntry(entry: MembershipEntry): Uint8Array {
  const { voters, learners } = entry.membership;
  if (voters.length + learners.length > MEMBERS_MAX) {
    throw new RangeError(`a membership has at most ${MEMBERS_MAX} members`);
  }
  if (entry.context.length > MEMBERSHIP_CONTEXT_BYTES_MAX) {
    throw new RangeError(`a membership context has at most ${MEMBERSHIP_CONTEXT_BYTES_MAX} bytes`);
  }
  const ids = [...voters, ...learners];
  const bytes = new Uint8Array(HEADER_BYTES + 8 * ids.length + entry.context.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, CHANGES.indexOf(entry.change));
  view.setBigUint64(2, entry.id);
  view.setUint8(10, voters.length);
  view.setUint8(11, learners.length);
  ids.forEach((id, position) => {
    view.setBigUint64(HEADER_BYTES + 8 * position, id);
  });
  bytes.set(entry.context, HEADER_BYTES + 8 * ids.length);
  return bytes;
}

/** @throws MalformedBytes. The context is a view into `bytes`. */
export function decodeMembershipEntry(bytes: Uint8Array): MembershipEntry {
  if (bytes.length < HEADER_BYTES) throw new MalformedBytes("membership entry: too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== VERSION) {
    throw new MalformedBytes(`membership entry: unknown version ${view.getUint8(0)}`);
  }
  const change = CHANGES[view.getUint8(1)];
  if (change === undefined) throw new MalformedBytes("membership entry: unknown change");
  const voterCount = view.getUint8(10);
  const idsEnd = HEADER_BYTES + 8 * (voterCount + view.getUint8(11));
  if (bytes.length < idsEnd) throw new MalformedBytes("membership entry: members cut off");
  if (bytes.length - idsEnd > MEMBERSHIP_CONTEXT_BYTES_MAX) {
    throw new MalformedBytes("membership entry: context too long");
  }
  const ids: MemberId[] = [];
  for (let at = HEADER_BYTES; at < idsEnd; at += 8) ids.push(view.getBigUint64(at));
  if (ids.includes(0n) || new Set(ids).size !== ids.length) {
    throw new MalformedBytes("membership entry: a member id is 0 or named twice");
  }
  return {
    change,
    id: view.getBigUint64(2),
    membership: membershipOf(ids.slice(0, voterCount), ids.slice(voterCount)),
    context: bytes.subarray(idsEnd),
  };
}
