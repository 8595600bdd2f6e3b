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

export interface PeerTransportOptions {
  readonly self: MemberId;
  readonly clusterId: bigint;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens a way to a member; called once for each peer. Calls `onRefused` whenever nobody listens at its address. */
  readonly dial: (to: MemberId, onRefused: () => void) => PeerCaller;
  /** Messages to itself do not exist; messages of type install-snapshot go here instead of on the link. */
  readonly onSnapshotWanted: (to: MemberId, message: Message) => void;
  readonly onUnreachable: (id: MemberId) => void;
  /** Nobody listens at the member's address: its process is gone. */
  readonly onGone: (id: MemberId) => void;
  /** How long the leader may take to answer a forwarded call. Milliseconds. */
  readonly callTimeoutMs: number;
  readonly damagedFrames: DamagedFrames;
}

interface Peer {
  readonly caller: PeerCaller;
  readonly link: PeerLink;
}

/** This member's links to all the others. */
export class PeerTransport implements DriverLinks {
  readonly #o: PeerTransportOptions;
  readonly #peers = new Map<MemberId, Peer>();

  constructor(options: PeerTransportOptions) {
    this.#o = options;
  }

  /** Opens links to members that have none yet and closes those to members that left. */
  setPeers(ids: readonly MemberId[]): void {
    for (const id of ids) {
      if (id !== this.#o.self && !this.#peers.has(id)) this.#peers.set(id, this.#connect(id));
    }
    for (const [id, peer] of this.#peers) {
      if (ids.includes(id)) continue;
      this.#peers.delete(id);
      closePeer(peer);
    }
  }

  #connect(to: MemberId): Peer {
    const { clock, logger, onUnreachable, onGone } = this.#o;
    const caller = this.#o.dial(to, () => onGone(to));
    const identity = this.#identity(to);
    return { caller, link: new PeerLink({ to, caller, identity, clock, logger, onUnreachable }) };
  }

  #identity(to: MemberId): Record<string, string> {
    return {
      [PeerHeader.clusterId]: formatId(this.#o.clusterId),
      [PeerHeader.from]: formatId(this.#o.self),
      [PeerHeader.to]: formatId(to),
      [PeerHeader.version]: PEER_PROTOCOL_VERSION,
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
    const options = { metadata: this.#identity(to), timeoutMs: this.#o.callTimeoutMs };
    peer.caller.unary(path, sealFrame(body), options, (status, answer) => {
      const opened = answer === null ? null : openFrame(answer);
      if (answer === null || opened !== null) return onAnswer(status, opened);
      this.#o.damagedFrames.onDamaged(to);
      const message = "the answer was damaged on its way";
      onAnswer({ code: Status.DATA_LOSS, message, mayHaveReachedServer: true }, null);
    });
  }

  /** The way to a member with the headers it wants, for calls that are not unary; null if it is not a peer. */
  callerTo(to: MemberId): { caller: Caller; metadata: Record<string, string> } | null {
    const peer = this.#peers.get(to);
    return peer === undefined ? null : { caller: peer.caller, metadata: this.#identity(to) };
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
