import { decodeMessage, type MemberId, type Message, type SnapshotMark } from "@conclave/raft";
import { type ServerStream, type ServerStreamHandler, Status } from "@conclave/rpc";
import type { Logger } from "../observe/logger.ts";
import type { MemberStorage } from "../storage/recovery.ts";
import type { StateInstall } from "../storage/state-install.ts";
import { formatId } from "./peer-protocol.ts";
import { decodeRecords } from "./snapshot-frame.ts";

export interface SnapshotReceiverOptions {
  readonly self: MemberId;
  readonly storage: MemberStorage;
  readonly logger: Logger;
  /** Gives the message that came with a snapshot to the core, which decides whether to install it. */
  readonly step: (message: Message) => void;
}

/**
 * Receives snapshots: the records go into a store beside the one in use; once all are there, the core is asked, and
 * {@link commit} puts them in place. A later snapshot replaces one that still waits.
 */
export class SnapshotReceiver {
  readonly #o: SnapshotReceiverOptions;
  #received: StateInstall | null = null;

  constructor(options: SnapshotReceiverOptions) {
    this.#o = options;
  }

  accept(from: MemberId, stream: ServerStream): ServerStreamHandler {
    return new Reception(stream, from, this.#o, (install, message) => {
      this.#received = install;
      this.#o.step(message);
    });
  }

  /** Makes the received snapshot the state. Requires: it was received whole, and the core accepted `mark`. */
  async commit(mark: SnapshotMark): Promise<void> {
    const install = this.#received;
    this.#received = null;
    if (install === null || install.mark.index !== mark.index) {
      throw new Error(`no snapshot at index ${mark.index} was received`);
    }
    await install.commit();
  }
}

/** One stream of a snapshot. Frames wait in order while the store opens or is full. */
class Reception implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #from: MemberId;
  readonly #o: SnapshotReceiverOptions;
  readonly #onReceived: (install: StateInstall, message: Message) => void;
  #message: Message | null = null;
  #install: StateInstall | null = null;
  /** What is done with the stream so far; each step begins when the one before it is done. */
  #work: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(
    stream: ServerStream,
    from: MemberId,
    options: SnapshotReceiverOptions,
    onReceived: (install: StateInstall, message: Message) => void,
  ) {
    this.#stream = stream;
    this.#from = from;
    this.#o = options;
    this.#onReceived = onReceived;
  }

  onMessage(bytes: Uint8Array): void {
    const frame = Uint8Array.from(bytes);
    this.#stream.pause();
    this.#then(async () => {
      if (this.#message === null) await this.#begin(frame);
      else await this.#store(frame);
      this.#stream.resume();
    });
  }

  onHalfClose(): void {
    this.#then(async () => {
      if (this.#install === null || this.#message === null) throw new Error("an empty snapshot");
      this.#isOver = true;
      this.#stream.end(Status.OK);
      this.#onReceived(this.#install, this.#message);
    });
  }

  onCancel(): void {
    this.#then(() => Promise.reject(new Error("the sender went away")));
  }

  onDrain(): void {}

  async #begin(frame: Uint8Array): Promise<void> {
    const message = decodeMessage(frame);
    if (message.type !== "install-snapshot") throw new Error("a snapshot begins with its message");
    if (message.from !== this.#from || message.to !== this.#o.self) {
      throw new Error("a snapshot of somebody else");
    }
    const { index } = message.snapshot;
    if (index <= this.#o.storage.store.appliedIndex) throw new Error("the snapshot is old");
    this.#o.logger.info("receiving a snapshot", { peer: formatId(this.#from), index });
    this.#message = message;
    this.#install = await this.#o.storage.beginInstall(message.snapshot);
  }

  async #store(frame: Uint8Array): Promise<void> {
    const install = this.#install;
    if (install === null) throw new Error("records before the snapshot's message");
    for (const [key, value] of decodeRecords(frame)) install.put(key, value);
    if (install.isFull) await new Promise<void>((resolve) => install.whenBelowLimit(resolve));
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#isOver ? undefined : step()))
      .catch((error) => {
        this.#fail(error);
      });
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#o.logger.warn("snapshot not received", { peer: formatId(this.#from), reason });
    this.#stream.end(Status.INTERNAL, reason);
    const install = this.#install;
    this.#install = null;
    // A newer one may have replaced it already.
    install?.abort().catch(() => {});
  }
}
