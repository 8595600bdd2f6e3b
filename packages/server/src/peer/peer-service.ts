import {
  decodeMessage,
  type LogIndex,
  type MemberId,
  type Message,
  type Term,
} from "@conclave/raft";
import {
  type Metadata,
  type RpcServer,
  type ServerStream,
  type ServerStreamHandler,
  Status,
  type StatusCode,
  type UnaryCall,
} from "@conclave/rpc";
import type { StateCheckpoint } from "@conclave/state-machine";
import { isPeerUrl } from "../config.ts";
import type { Logger } from "../observe/logger.ts";
import { type Claim, decodeClaim } from "./claim.ts";
import { type ClusterDescription, encodeClusterDescription } from "./cluster-description.ts";
import { type OpenLinks, removalText } from "./open-links.ts";
import { type DamagedFrames, openFrame, sealFrame } from "./peer-frame.ts";
import {
  decodeForward,
  formatId,
  PEER_PROTOCOL_VERSION,
  PeerHeader,
  PeerPath,
  parseId,
  REMOVED_STATUS,
} from "./peer-protocol.ts";
import { encodeWelcome } from "./welcome.ts";

/** What the rest of the member does with what its peers say. */
export interface PeerServiceOptions {
  readonly self: MemberId;
  readonly clusterId: bigint;
  readonly logger: Logger;
  /** Members that were removed: they are refused for ever. Who is not known yet is served: the log here may lag behind. */
  readonly removedMembers: () => ReadonlySet<MemberId>;
  /** A peer that is served opened its link, and says where it is reached, and which start of it this is. */
  readonly onLink: (from: MemberId, peerUrls: readonly string[], boot: bigint | null) => void;
  /** Answers null if the caller may take part, else why not. Rejects if that cannot be told now. */
  readonly onIntroduction: (from: MemberId, claim: Claim) => Promise<string | null>;
  readonly onMessage: (message: Message) => void;
  /** @returns whether the batch is in the log of this leader of `term` now. */
  readonly onForward: (entryData: Uint8Array, term: Term) => boolean;
  /** Answers with the lease's TTL in seconds, 0 if it does not exist; null: this member does not lead. */
  readonly onLeaseRenew: (id: bigint, answer: (ttlSeconds: number | null) => void) => void;
  /** Remaining and granted TTL, in seconds; remaining is -1 if the lease does not exist; null: not leading. */
  readonly onLeaseRemaining: (
    id: bigint,
    answer: (ttl: { readonly remaining: number; readonly granted: number } | null) => void,
  ) => void;
  /** Takes a snapshot stream of an identified member. */
  readonly onSnapshot: (from: MemberId, stream: ServerStream) => ServerStreamHandler;
  /** As {@link onSnapshot}, for a state that was asked for to replace a damaged one. */
  readonly onState: (from: MemberId, stream: ServerStream) => ServerStreamHandler;
  /** @returns whether this member leads, and sends its state, at `indexMin` or later, to `to` now. */
  readonly onStateWanted: (to: MemberId, indexMin: LogIndex) => boolean;
  readonly checkpoints: () => readonly StateCheckpoint[];
  readonly damagedFrames: DamagedFrames;
  readonly openLinks: OpenLinks;
  /** Carries out a change of the membership as the leader; both are encoded, see membership-request.ts. */
  readonly onMembershipChange: (body: Uint8Array, answer: (outcome: Uint8Array) => void) => void;
  readonly describeCluster: () => ClusterDescription;
}

/** Why a caller is not served. */
interface Refusal {
  readonly code: StatusCode;
  readonly reason: string;
}

const NOTHING = sealFrame(new Uint8Array(0));
const DAMAGED_TEXT = "a frame was damaged on its way";

/** Registers the methods that members call on each other. */
export function registerPeerService(server: RpcServer, options: PeerServiceOptions): void {
  const identify = (metadata: Metadata): MemberId | Refusal => identifyPeer(metadata, options);
  const stream = (
    path: string,
    open: (from: MemberId, stream: ServerStream) => ServerStreamHandler,
  ): void => {
    server.stream(path, (opened) => {
      const from = identify(opened.metadata);
      if (typeof from === "object") return refuse(opened, from, options.logger);
      return openingFrames(opened, from, open(from, opened), options.damagedFrames);
    });
  };
  const unary = (
    path: string,
    serve: (call: UnaryCall, body: Uint8Array, from: MemberId) => void,
  ): void => {
    server.unary(path, (call, frame) => {
      const from = identify(call.metadata);
      if (typeof from === "object") return call.fail(from.code, from.reason);
      const body = openFrame(frame);
      if (body !== null) return serve(call, body, from);
      options.damagedFrames.onDamaged(from);
      call.dropConnection(DAMAGED_TEXT);
      call.fail(Status.DATA_LOSS, DAMAGED_TEXT);
    });
  };

  stream(PeerPath.link, (from, opened) => {
    const { metadata } = opened;
    options.onLink(from, peerUrlsOf(metadata), parseId(metadata.get(PeerHeader.boot)));
    return linkHandler(opened, from, options);
  });
  stream(PeerPath.snapshot, options.onSnapshot);
  stream(PeerPath.state, options.onState);
  unary(PeerPath.introduce, (call, body, from) => introduce(call, body, from, options));
  unary(PeerPath.checkpoints, (call) => {
    const numbers = options.checkpoints().flatMap(({ index, digest }) => [index, digest]);
    call.reply(sealFrame(encodeNumbers(...numbers)));
  });
  unary(PeerPath.stateWanted, (call, body, from) => {
    const [indexMin] = decodeNumbers(body, 1) ?? [];
    if (indexMin === undefined) call.fail(Status.INVALID_ARGUMENT, "malformed index");
    else if (options.onStateWanted(from, indexMin)) call.reply(NOTHING);
    else call.fail(Status.FAILED_PRECONDITION, "not leading, or not that far");
  });
  unary(PeerPath.forward, (call, body) => {
    const forward = decodeForward(body);
    if (forward === null) call.fail(Status.INVALID_ARGUMENT, "malformed batch");
    else if (options.onForward(forward.entryData, forward.term)) call.reply(NOTHING);
    else call.fail(Status.FAILED_PRECONDITION, "not taken");
  });
  unary(PeerPath.changeMembership, (call, body) => {
    options.onMembershipChange(body, (outcome) => call.reply(sealFrame(outcome)));
  });
  server.unary(PeerPath.describeCluster, (call) => {
    call.reply(sealFrame(encodeClusterDescription(options.describeCluster())));
  });
  unary(PeerPath.leaseRenew, (call, body) => {
    options.onLeaseRenew(decodeLeaseId(body), (ttl) => {
      if (ttl === null) call.fail(Status.FAILED_PRECONDITION, "not leading");
      else call.reply(sealFrame(encodeNumbers(ttl)));
    });
  });
  unary(PeerPath.leaseRemaining, (call, body) => {
    options.onLeaseRemaining(decodeLeaseId(body), (ttl) => {
      if (ttl === null) call.fail(Status.FAILED_PRECONDITION, "not leading");
      else call.reply(sealFrame(encodeNumbers(ttl.remaining, ttl.granted)));
    });
  });
}

/** @returns the caller's id, or why it is not served. */
function identifyPeer(metadata: Metadata, o: PeerServiceOptions): MemberId | Refusal {
  const denied = (reason: string): Refusal => ({ code: Status.PERMISSION_DENIED, reason });
  const from = parseId(metadata.get(PeerHeader.from));
  if (from === null || from === 0n) return denied("peer did not say who it is");
  const version = metadata.get(PeerHeader.version);
  if (version !== PEER_PROTOCOL_VERSION) {
    return denied(
      `peer protocol version mismatch: ${formatId(from)} speaks ${version}, this member ${PEER_PROTOCOL_VERSION}`,
    );
  }
  if (parseId(metadata.get(PeerHeader.clusterId)) !== o.clusterId) {
    return denied(
      `cluster ID mismatch: ${formatId(from)} is of cluster ${metadata.get(PeerHeader.clusterId)}, this member of ${formatId(o.clusterId)}`,
    );
  }
  if (parseId(metadata.get(PeerHeader.to)) !== o.self) {
    return denied(
      `member ID mismatch: ${formatId(from)} looks for ${metadata.get(PeerHeader.to)}, this is ${formatId(o.self)}`,
    );
  }
  if (from === o.self) return denied(`${formatId(from)} is refused: that is this member itself`);
  return o.removedMembers().has(from) ? { code: REMOVED_STATUS, reason: removalText(from) } : from;
}

/** Peer URLs of one member that are listened to at most. Count. */
const PEER_URLS_MAX = 16;

/** Where a caller says that it is reached; none if it says nothing of use. */
function peerUrlsOf(metadata: Metadata): readonly string[] {
  const urls = (metadata.get(PeerHeader.peerUrls) ?? "").split(",");
  return urls.length <= PEER_URLS_MAX && urls.every(isPeerUrl) ? urls : [];
}

function introduce(call: UnaryCall, body: Uint8Array, from: MemberId, o: PeerServiceOptions): void {
  const claim = decodeClaim(body);
  if (claim === null) {
    call.fail(Status.INVALID_ARGUMENT, "malformed introduction");
    return;
  }
  o.onIntroduction(from, claim).then(
    (refusal) => {
      if (refusal === null) {
        call.reply(sealFrame(encodeWelcome(o.removedMembers())));
        return;
      }
      o.logger.warn("a member may not take part", { peer: formatId(from), reason: refusal });
      call.fail(Status.FAILED_PRECONDITION, refusal);
    },
    () => call.fail(Status.UNAVAILABLE, "this cannot be remembered now"),
  );
}

const IGNORING: ServerStreamHandler = {
  onMessage: () => {},
  onHalfClose: () => {},
  onCancel: () => {},
  onDrain: () => {},
};

function refuse(
  stream: ServerStream,
  { code, reason }: Refusal,
  logger: Logger,
): ServerStreamHandler {
  logger.warn("peer refused", { remote: stream.peer.remoteAddress, reason });
  stream.end(code, reason);
  return IGNORING;
}

/** Gives what is behind the checksum to `handler`, as long as it is what was sent. */
export function openingFrames(
  stream: ServerStream,
  from: MemberId,
  handler: ServerStreamHandler,
  damagedFrames: DamagedFrames,
): ServerStreamHandler {
  return {
    onMessage: (frame, isOwned) => {
      const body = openFrame(frame);
      if (body !== null) return handler.onMessage(body, isOwned);
      damagedFrames.onDamaged(from);
      stream.dropConnection(DAMAGED_TEXT);
    },
    onHalfClose: () => handler.onHalfClose(),
    onCancel: () => handler.onCancel(),
    onDrain: () => handler.onDrain(),
  };
}

function linkHandler(
  stream: ServerStream,
  from: MemberId,
  options: PeerServiceOptions,
): ServerStreamHandler {
  const { openLinks } = options;
  openLinks.add(stream, from);
  return {
    ...IGNORING,
    onMessage: (bytes, isOwned) => {
      const message = decodeLinkMessage(
        isOwned ? bytes : Uint8Array.from(bytes),
        from,
        options.self,
      );
      if (message !== null) return options.onMessage(message);
      options.logger.warn("peer sent a message that is not its own", { peer: formatId(from) });
      openLinks.delete(stream);
      stream.end(Status.INVALID_ARGUMENT, "malformed message");
    },
    onHalfClose: () => {
      openLinks.delete(stream);
      stream.end(Status.OK);
    },
    onCancel: () => openLinks.delete(stream),
  };
}

/** @returns null if the bytes are no message from `from` to `to`. */
/** Entries keep their bytes: `bytes` must be our own. */
function decodeLinkMessage(bytes: Uint8Array, from: MemberId, to: MemberId): Message | null {
  let message: Message;
  try {
    message = decodeMessage(bytes);
  } catch {
    return null;
  }
  return message.from === from && message.to === to ? message : null;
}

/** A lease id as 8 big-endian bytes. */
export function encodeLeaseId(id: bigint): Uint8Array {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, id));
  return bytes;
}

function decodeLeaseId(bytes: Uint8Array): bigint {
  return bytes.length === 8 ? Buffer.from(bytes).readBigInt64BE() : 0n;
}

/** Numbers as 8-byte big-endian doubles. */
export function encodeNumbers(...values: number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(8 * values.length);
  for (const [at, value] of values.entries()) bytes.writeDoubleBE(value, 8 * at);
  return bytes;
}

/** @returns null unless the bytes are pairs of numbers. */
export function decodeCheckpoints(bytes: Uint8Array): readonly StateCheckpoint[] | null {
  const numbers = decodeNumbers(bytes, Math.floor(bytes.length / 16) * 2);
  if (numbers === null) return null;
  const checkpoints: StateCheckpoint[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    checkpoints.push({ index: numbers[at]!, digest: numbers[at + 1]! });
  }
  return checkpoints;
}

/** @returns null unless the bytes are exactly `count` numbers. */
export function decodeNumbers(bytes: Uint8Array, count: number): number[] | null {
  if (bytes.length !== 8 * count) return null;
  const buffer = Buffer.from(bytes);
  return Array.from({ length: count }, (_, at) => buffer.readDoubleBE(8 * at));
}
