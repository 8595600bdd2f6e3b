import type { Clock } from "@conclave/base";
import type { MemberId, Message, Term } from "@conclave/raft";
import { type Caller, type CallStatus, Status } from "@conclave/rpc";
import type { ProposalBatch } from "../node/proposer.ts";
import type { DriverLinks } from "../node/raft-driver.ts";
import type { Logger } from "../observe/logger.ts";
import { type DamagedFrames, openFrame, sealFrame } from "./peer-frame.ts";
import { PeerLink } from "./peer-link.ts";
import {
  encodeForward,
  formatId,
  PEER_PROTOCOL_VERSION,
  PeerHeader,
  PeerPath,
} from "./peer-protocol.ts";

/** A way to call one member, for instance an rpc channel to its peer URLs. */
export interface PeerCaller extends Caller {
  close(): void;
}

export type Dial = (to: MemberId, peerUrls: readonly string[], onRefused: () => void) => PeerCaller;

export interface PeerTransportOptions {
  readonly self: MemberId;
  readonly clusterId: bigint;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where this member is reached. */
  readonly peerUrls: readonly string[];
  /** Which start of its directory this member is: BootRecord's nonce. Null: it has none. */
  readonly boot: bigint | null;
  /** Opens a way to a member at its peer URLs. Calls `onRefused` whenever nobody listens there. */
  readonly dial: Dial;
  /** Messages to itself do not exist; messages of type install-snapshot go here instead of on the link. */
  readonly onSnapshotWanted: (to: MemberId, message: Message) => void;
  readonly onUnreachable: (id: MemberId) => void;
  /** Nobody listens at the member's address: its process is gone. */
  readonly onGone: (id: MemberId) => void;
  /** A peer says that this member was removed from the cluster. */
  readonly onRemoved: () => void;
  /** How long the leader may take to answer a forwarded call. Milliseconds. */
  readonly callTimeoutMs: number;
  readonly damagedFrames: DamagedFrames;
}

interface Peer {
  readonly caller: PeerCaller;
  readonly link: PeerLink;
  /** What every call to it says of this member. */
  readonly identity: Readonly<Record<string, string>>;
  /** Where it is dialled. */
  readonly peerUrls: readonly string[];
  /** Where it is according to the log here; null: the log does not know it yet. */
  readonly toldUrls: readonly string[] | null;
}

/** Peers that are answered although the log here does not know them. Count. */
const GUESTS_MAX = 16;

/** This member's links to all the others. */
export class PeerTransport implements DriverLinks {
  readonly #o: PeerTransportOptions;
  readonly #peers = new Map<MemberId, Peer>();

  constructor(options: PeerTransportOptions) {
    this.#o = options;
  }

  /**
   * Opens links to members that have none yet, at the addresses that the log tells, and closes those to members that left.
   * Whoever is not known yet keeps his link.
   */
  setPeers(
    peerUrlsById: ReadonlyMap<MemberId, readonly string[]>,
    removed: ReadonlySet<MemberId>,
  ): void {
    for (const [id, peerUrls] of peerUrlsById) {
      if (id !== this.#o.self) this.#setPeer(id, peerUrls);
    }
    for (const [id, peer] of this.#peers) {
      const isKnown = peerUrlsById.has(id);
      if (isKnown || (peer.toldUrls === null && !removed.has(id))) continue;
      this.#peers.delete(id);
      closePeer(peer);
    }
  }

  #setPeer(id: MemberId, toldUrls: readonly string[]): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) {
      this.#peers.set(id, this.#connect(id, toldUrls, toldUrls));
      return;
    }
    const isMoved = peer.toldUrls !== null && !sameUrls(peer.toldUrls, toldUrls);
    if (isMoved && !sameUrls(peer.peerUrls, toldUrls)) {
      closePeer(peer);
      this.#peers.set(id, this.#connect(id, toldUrls, toldUrls));
    } else this.#peers.set(id, { ...peer, toldUrls });
  }

  /**
   * A peer that reached this member said where it is reached itself. Until the log here tells, that is where to answer: a
   * member that lags behind must be able to vote for one that was added meanwhile.
   */
  onPeerSeen(id: MemberId, peerUrls: readonly string[]): void {
    const peer = this.#peers.get(id);
    if (peer?.link.isOpen === true || peerUrls.length === 0) return;
    if (peer === undefined) {
      const guests = [...this.#peers.values()].filter(({ toldUrls }) => toldUrls === null);
      if (guests.length < GUESTS_MAX) this.#peers.set(id, this.#connect(id, peerUrls, null));
    } else if (!sameUrls(peer.peerUrls, peerUrls)) {
      closePeer(peer);
      this.#peers.set(id, this.#connect(id, peerUrls, peer.toldUrls));
    }
  }

  #connect(to: MemberId, peerUrls: readonly string[], toldUrls: readonly string[] | null): Peer {
    const { clock, logger, onUnreachable, onGone, onRemoved } = this.#o;
    const caller = this.#o.dial(to, peerUrls, () => onGone(to));
    const identity = this.#identity(to);
    const options = { to, caller, identity, clock, logger, onUnreachable, onRemoved };
    return { caller, link: new PeerLink(options), identity, peerUrls, toldUrls };
  }

  /** Since when this member can write to another, by its own clock; null: it cannot now. */
  connectedSinceMs(id: MemberId): number | null {
    return this.#peers.get(id)?.link.openSinceMs ?? null;
  }

  #identity(to: MemberId): Record<string, string> {
    const { boot } = this.#o;
    return {
      ...(boot === null ? {} : { [PeerHeader.boot]: formatId(boot) }),
      [PeerHeader.clusterId]: formatId(this.#o.clusterId),
      [PeerHeader.from]: formatId(this.#o.self),
      [PeerHeader.to]: formatId(to),
      [PeerHeader.version]: PEER_PROTOCOL_VERSION,
      [PeerHeader.peerUrls]: this.#o.peerUrls.join(","),
    };
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.type === "install-snapshot") this.#o.onSnapshotWanted(message.to, message);
      else this.#peers.get(message.to)?.link.send(message);
    }
  }

  forward(leader: MemberId, term: Term, batch: ProposalBatch, onRefused: () => void): boolean {
    const peer = this.#peers.get(leader);
    if (peer === undefined || !peer.link.isOpen) return false;
    this.call(leader, PeerPath.forward, encodeForward(term, batch.entryData), (status) => {
      // Anything but a plain refusal leaves the fate of the batch open: its waiters wait for their deadline.
      const isCertainlyNotTaken =
        status.code === Status.FAILED_PRECONDITION ||
        (status.code !== Status.OK && !status.mayHaveReachedServer);
      if (isCertainlyNotTaken) onRefused();
    });
    return true;
  }

  /** A unary call to a member; UNAVAILABLE if it is not a peer. */
  call(
    to: MemberId,
    path: string,
    body: Uint8Array,
    onAnswer: (
      status: Pick<CallStatus, "code" | "message" | "mayHaveReachedServer">,
      body: Uint8Array | null,
    ) => void,
  ): void {
    const peer = this.#peers.get(to);
    if (peer === undefined) {
      const message = `no such peer ${formatId(to)}`;
      onAnswer({ code: Status.UNAVAILABLE, message, mayHaveReachedServer: false }, null);
      return;
    }
    const options = { metadata: peer.identity, timeoutMs: this.#o.callTimeoutMs };
    peer.caller.unary(path, sealFrame(body), options, (status, answer) => {
      const opened = answer === null ? null : openFrame(answer);
      if (answer === null || opened !== null) return onAnswer(status, opened);
      this.#o.damagedFrames.onDamaged(to);
      const message = "the answer was damaged on its way";
      onAnswer({ code: Status.DATA_LOSS, message, mayHaveReachedServer: true }, null);
    });
  }

  /** The way to a member with the headers it wants, for calls that are not unary; null if it is not a peer. */
  callerTo(
    to: MemberId,
  ): { readonly caller: Caller; readonly metadata: Readonly<Record<string, string>> } | null {
    const peer = this.#peers.get(to);
    return peer === undefined ? null : { caller: peer.caller, metadata: peer.identity };
  }

  /** Peers whose link is open, for Status and health. */
  get connected(): readonly MemberId[] {
    return [...this.#peers].filter(([, peer]) => peer.link.isOpen).map(([id]) => id);
  }

  close(): void {
    for (const peer of this.#peers.values()) closePeer(peer);
    this.#peers.clear();
  }
}

function closePeer(peer: Peer): void {
  peer.link.close();
  peer.caller.close();
}

function sameUrls(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join();
}
