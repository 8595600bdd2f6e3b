import { ResponseHeader } from "@conclave/wire";
import { varintSize, writeVarint } from "./protobuf.ts";

/** Field 1 of etcd's responses. */
const TAG_HEADER = 0x0a;
/** Tags of etcdserverpb.ResponseHeader. */
const TAG_REVISION = 0x18;
const TAG_RAFT_TERM = 0x20;

/** The part of a response's header that the member knows. */
export interface HeaderFacts {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly raftTerm: number;
}

/**
 * Encodes headers as the first field of a response, tag and length included; one that has no other field is whole with it.
 * The header of a revision is encoded once for all responses at that revision.
 */
export class HeaderEncoder {
  readonly #facts: () => HeaderFacts;
  #field: Uint8Array = new Uint8Array(0);
  #revision = -1;
  #term = -1;
  #clusterId = 0n;
  #memberId = 0n;
  /** The fields of a header that never change, encoded. */
  #ids: Uint8Array = new Uint8Array(0);

  constructor(facts: () => HeaderFacts) {
    this.#facts = facts;
  }

  /** Requires: a revision above 0. The bytes are shared: nobody may change them. */
  fieldAt(revision: number): Uint8Array {
    const { clusterId, memberId, raftTerm } = this.#facts();
    if (revision === this.#revision && raftTerm === this.#term) return this.#field;
    if (clusterId !== this.#clusterId || memberId !== this.#memberId) {
      this.#clusterId = clusterId;
      this.#memberId = memberId;
      this.#ids = ResponseHeader.encode({ clusterId, memberId });
    }
    this.#field = encodeField(this.#ids, revision, raftTerm);
    this.#revision = revision;
    this.#term = raftTerm;
    return this.#field;
  }
}

/** By hand, since it is done for every revision. */
function encodeField(ids: Uint8Array, revision: number, raftTerm: number): Uint8Array {
  let size = ids.length + 1 + varintSize(revision);
  if (raftTerm !== 0) size += 1 + varintSize(raftTerm);
  const target = Buffer.allocUnsafe(2 + size);
  target[0] = TAG_HEADER;
  // Ids and numbers take at most 42 bytes together: the length is one byte.
  target[1] = size;
  target.set(ids, 2);
  let at = 2 + ids.length;
  target[at] = TAG_REVISION;
  at = writeVarint(target, at + 1, revision);
  if (raftTerm !== 0) {
    target[at] = TAG_RAFT_TERM;
    writeVarint(target, at + 1, raftTerm);
  }
  return target;
}
