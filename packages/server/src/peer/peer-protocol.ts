import { Status } from "@conclave/rpc";

/**
 * What members say to each other, over the same gRPC transport that clients use. Every call carries the identity
 * headers below; the receiver refuses by name whoever is not a member of this cluster talking to this member. Every
 * message, each way, ends with a checksum: see peer-frame.ts.
 */
export const PeerPath = {
  /** Client-streaming, kept open: each message is one encoded Raft message. */
  link: "/conclave.Peer/Link",
  /** Unary, before anything else: which start of which directory the caller is. FAILED_PRECONDITION: it may not take part. */
  introduce: "/conclave.Peer/Introduce",
  /** Unary: a term and the data of one log entry for its leader to propose. OK: it is in the leader's log. */
  forward: "/conclave.Peer/Forward",
  /** Unary: a lease id to renew at the leader, answered with its TTL. */
  leaseRenew: "/conclave.Peer/LeaseRenew",
  /** Unary: a lease id whose remaining time the leader is asked for. */
  leaseRemaining: "/conclave.Peer/LeaseRemaining",
  /** Client-streaming: an install-snapshot message, then the records of the state. OK: it is stored. */
  snapshot: "/conclave.Peer/Snapshot",
  /** Unary: nothing, answered with pairs of an index and the digest of the state there. */
  checkpoints: "/conclave.Peer/Checkpoints",
  /** Unary: the least index that a state must have, to a leader that is to send its own by `state`. OK: it does. */
  stateWanted: "/conclave.Peer/StateWanted",
  /** As `snapshot`, in answer to `stateWanted`: the core is not asked. */
  state: "/conclave.Peer/State",
  /** Unary: a change of the membership for the leader to carry out, answered with what became of it. */
  changeMembership: "/conclave.Peer/ChangeMembership",
  /** Unary, asked by whoever is to join and is nobody yet: who the members are. See cluster-description.ts. */
  describeCluster: "/conclave.Peer/DescribeCluster",
} as const;

export const PeerHeader = {
  clusterId: "conclave-cluster-id",
  from: "conclave-from",
  to: "conclave-to",
  version: "conclave-peer-version",
  /** Where the caller is reached: the called member's log may not say so yet. URLs with commas between. */
  peerUrls: "conclave-peer-urls",
  /** Which start of its directory the caller is, for members that have one: BootRecord's nonce. */
  boot: "conclave-boot",
} as const;

/** Raised when a message changes its meaning. Members of different versions refuse each other. */
export const PEER_PROTOCOL_VERSION = "2";

/** How a member of this cluster refuses one that was removed from it, and nobody else. */
export const REMOVED_STATUS = Status.NOT_FOUND;

/** Ids travel as 16 hexadecimal digits, as etcdctl prints them. */
export function formatId(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16);
}

/** @returns null unless `text` is 1 to 16 hexadecimal digits. */
export function parseId(text: string | undefined): bigint | null {
  if (text === undefined || !/^[0-9a-f]{1,16}$/.test(text)) return null;
  return BigInt(`0x${text}`);
}

/** The term as a big-endian double, then the data. */
export function encodeForward(term: number, entryData: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(8 + entryData.length);
  bytes.writeDoubleBE(term, 0);
  bytes.set(entryData, 8);
  return bytes;
}

/** The data is a copy: it goes into the log. @returns null if the bytes are too few */
export function decodeForward(
  bytes: Uint8Array,
): { readonly term: number; readonly entryData: Uint8Array } | null {
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { term: view.getFloat64(0), entryData: Uint8Array.from(bytes.subarray(8)) };
}
