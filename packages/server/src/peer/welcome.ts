import type { MemberId } from "@conclave/raft";

const ID_BYTES = 8;

/** What a peer tells a member that may take part: whom it knows to have been removed. Eight bytes an id. */
export function encodeWelcome(removed: ReadonlySet<MemberId>): Uint8Array {
  const bytes = Buffer.alloc(ID_BYTES * removed.size);
  let at = 0;
  for (const id of removed) at = bytes.writeBigUInt64BE(id, at);
  return bytes;
}

/** Bytes that are no whole id are left out. */
export function decodeWelcome(bytes: Uint8Array): readonly MemberId[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const removed: MemberId[] = [];
  for (let at = 0; at + ID_BYTES <= bytes.length; at += ID_BYTES)
    removed.push(view.getBigUint64(at));
  return removed;
}
