import { bytesOf, crc32c } from "@conclave/base";
import { Member } from "@conclave/wire";
import type { ReplicatedState } from "./command-executor.ts";
import { NO_SLOT } from "./mvcc/revision.ts";
import { encodeCounts, idKey } from "./records.ts";

/*
 * A snapshot of the state is all records of the store at one applied index, nothing more: the index of keys, the
 * attachments of leases and all counters are rebuilt by loading them. What a sweep has not removed yet may be in it or
 * not; the hash here leaves it out, so that two members agree whatever their sweeps have done.
 */

/** CRC-32C over everything a client could see: revisions, readable history, leases with their keys, alarms, members. */
export function stateHash(state: ReplicatedState): number {
  const { mvcc, lessor, alarms, members } = state;
  const { index } = mvcc;
  const { revisions } = index;
  let crc = crc32c(encodeCounts(mvcc.revision, mvcc.compactRevision + 1));
  const add = (bytes: Uint8Array): void => {
    crc = crc32c(bytes, crc);
  };
  index.visitAll("", null, (key, newest) => {
    const oldestRead = revisions.atRevision(newest, mvcc.compactRevision);
    for (let slot = newest; slot !== NO_SLOT; slot = revisions.older(slot)) {
      const isVoid = revisions.isTombstone(slot) && revisions.main(slot) < mvcc.compactRevision;
      if (slot !== oldestRead || !isVoid) {
        add(bytesOf(key));
        add(encodeCounts(revisions.main(slot), revisions.sub(slot)));
        add(mvcc.pairAt(slot));
      }
      if (slot === oldestRead) break;
    }
    return true;
  });
  for (const id of [...lessor.ids()].sort((a, b) => (a < b ? -1 : 1))) {
    add(bytesOf(idKey(id)));
    add(encodeCounts(lessor.ttlSecondsOf(id)!));
    for (const key of lessor.keysOf(id)) add(bytesOf(key));
  }
  for (const { alarm, memberID } of alarms.list()) {
    add(Uint8Array.of(alarm));
    add(bytesOf(idKey(memberID)));
  }
  for (const [id, attributes] of [...members.all()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { name, clientUrls, peerUrls, isLearner } = attributes;
    add(Member.encode({ ID: id, name, clientURLs: clientUrls, peerURLs: peerUrls, isLearner }));
  }
  for (const id of [...members.removed()].sort((a, b) => (a < b ? -1 : 1))) add(bytesOf(idKey(id)));
  return crc;
}
