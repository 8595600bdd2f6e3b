import { encodeMessage, type MemberId, type Message, type Raft, type Term } from "@conclave/raft";
import { type Caller, type ClientStream, Status } from "@conclave/rpc";
import type { Logger } from "../observe/logger.ts";
import type { DurableStateStore, StateSnapshot } from "../storage/durable-state-store.ts";
import { sealFrame } from "./peer-frame.ts";
import { formatId, PeerPath } from "./peer-protocol.ts";
import { encodeRecords } from "./snapshot-frame.ts";

export interface SnapshotSenderOptions {
  readonly self: MemberId;
  readonly raft: Raft;
  readonly store: DurableStateStore;
  readonly logger: Logger;
  readonly callerTo: (
    id: MemberId,
  ) => { readonly caller: Caller; readonly metadata: Record<string, string> } | null;
  /** Called after the core was told how a transfer ended. */
  readonly onReported: () => void;
}

/** Streams the whole state to members that the log no longer reaches; one stream a member. */
export class SnapshotSender {
  readonly #o: SnapshotSenderOptions;
  readonly #sending = new Set<MemberId>();

  constructor(options: SnapshotSenderOptions) {
    this.#o = options;
  }

  /** Answers the core's wish to bring `to` up to date. The end is reported to the core, always. */
  send(to: MemberId, wish: Message): void {
    if (this.#sending.has(to)) return;
    this.#sending.add(to);
    const done = (isStored: boolean): void => {
      this.#sending.delete(to);
      this.#o.raft.reportSnapshot(to, isStored);
      this.#o.onReported();
    };
    this.#transfer(to, PeerPath.snapshot, wish.term).then(done, (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#o.logger.warn("snapshot not sent", { peer: formatId(to), reason });
      done(false);
    });
  }

  /**
   * Sends the state to a member that wants it in place of its own, though its log is good: the core has no part in it.
   * @returns false, and sends nothing, if something is being sent to it already
   */
  sendState(to: MemberId): boolean {
    if (this.#sending.has(to)) return false;
    this.#sending.add(to);
    const done = (): void => {
      this.#sending.delete(to);
    };
    this.#transfer(to, PeerPath.state, this.#o.raft.term).then(done, (error: unknown) => {
      done();
      const reason = error instanceof Error ? error.message : String(error);
      this.#o.logger.warn("state not sent", { peer: formatId(to), reason });
    });
    return true;
  }

  async #transfer(to: MemberId, path: string, term: Term): Promise<boolean> {
    const route = this.#o.callerTo(to);
    if (route === null) return false;
    const snapshot = await this.#o.store.snapshot();
    try {
      const { raft } = this.#o;
      // The state may be ahead of what the core had in mind: the mark says what is really in it.
      if (raft.role !== "leader" || snapshot.appliedIndex < raft.firstIndex - 1) return false;
      const mark = raft.snapshotMark(snapshot.appliedIndex);
      this.#o.logger.info("sending a snapshot", { peer: formatId(to), index: mark.index });
      const stream = new SendingStream(route.caller, path, route.metadata);
      const from = this.#o.self;
      await stream.send(
        encodeMessage({ type: "install-snapshot", from, to, term, snapshot: mark }),
      );
      await sendRecords(stream, snapshot);
      await stream.finish();
      return true;
    } finally {
      await snapshot.close();
    }
  }
}

async function sendRecords(stream: SendingStream, snapshot: StateSnapshot): Promise<void> {
  for await (const chunk of snapshot.scan()) {
    for (const frame of encodeRecords(chunk)) await stream.send(frame);
  }
}

/** A client stream with promises: waits while the other side is full. */
class SendingStream {
  readonly #stream: ClientStream;
  readonly #ended: Promise<void>;
  #onDrain: (() => void) | null = null;

  constructor(caller: Caller, path: string, metadata: Record<string, string>) {
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    this.#ended = new Promise((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    this.#ended.catch(() => {}); // looked at when something is sent, or at the end
    this.#stream = caller.stream(
      path,
      { metadata },
      {
        onMessage: () => {},
        onDrain: () => this.#onDrain?.(),
        onEnd: (status) => {
          if (status.code === Status.OK) resolve();
          else reject(new Error(`${status.code} ${status.message}`));
        },
      },
    );
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.#stream.send(sealFrame(frame))) return;
    const drained = new Promise<void>((resolve) => {
      this.#onDrain = resolve;
    });
    await Promise.race([drained, this.#ended]);
  }

  /** Resolves when the other side has stored everything. */
  async finish(): Promise<void> {
    this.#stream.halfClose();
    await this.#ended;
  }
}
