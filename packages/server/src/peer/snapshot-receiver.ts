import { decodeMessage, type MemberId, type Message, type SnapshotMark } from "@conclave/raft";
import { type ServerStream, type ServerStreamHandler, Status } from "@conclave/rpc";
import type { Logger } from "../observe/logger.ts";
import type { MemberStorage } from "../storage/member-storage.ts";
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
  /** Whoever asked for a state to repair its own with. */
  #onState: ((state: StateInstall | Error) => void) | null = null;

  constructor(options: SnapshotReceiverOptions) {
    this.#o = options;
  }

  accept(from: MemberId, stream: ServerStream): ServerStreamHandler {
    return new Reception(stream, from, this.#o, {
      isRepair: false,
      onReceived: (install, message) => {
        this.#received = install;
        this.#o.step(message);
      },
    });
  }

  /**
   * Takes the next state that is sent by {@link acceptState}, or the error that kept it from arriving whole. The caller ends
   * the wait with null.
   */
  awaitState(onState: ((state: StateInstall | Error) => void) | null): void {
    this.#onState = onState;
  }

  acceptState(from: MemberId, stream: ServerStream): ServerStreamHandler {
    const answer = (state: StateInstall | Error): void => {
      const onState = this.#onState;
      this.#onState = null;
      if (onState !== null) onState(state);
      else if (!(state instanceof Error)) state.abort().catch(() => {});
    };
    return new Reception(stream, from, this.#o, {
      isRepair: true,
      onReceived: answer,
      onFailed: answer,
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

interface ReceptionPurpose {
  /** The state in use is damaged: one at the same index is taken for it, too. */
  readonly isRepair: boolean;
  readonly onReceived: (install: StateInstall, message: Message) => void;
  readonly onFailed?: (error: Error) => void;
}

/** One stream of a snapshot. Frames wait in order while the store opens or is full. */
class Reception implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #from: MemberId;
  readonly #o: SnapshotReceiverOptions;
  readonly #purpose: ReceptionPurpose;
  #message: Message | null = null;
  #install: StateInstall | null = null;
  /** What is done with the stream so far; each step begins when the one before it is done. */
  #work: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(
    stream: ServerStream,
    from: MemberId,
    options: SnapshotReceiverOptions,
    purpose: ReceptionPurpose,
  ) {
    this.#stream = stream;
    this.#from = from;
    this.#o = options;
    this.#purpose = purpose;
  }

  onMessage(bytes: Uint8Array, isOwned: boolean): void {
    const frame = isOwned ? bytes : Uint8Array.from(bytes);
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
      this.#purpose.onReceived(this.#install, this.#message);
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
    const { isRepair } = this.#purpose;
    const { appliedIndex } = this.#o.storage.store;
    const isOld = isRepair ? index < appliedIndex : index <= appliedIndex;
    if (isOld) throw new Error("the snapshot is old");
    this.#o.logger.info("receiving a snapshot", { peer: formatId(this.#from), index });
    this.#message = message;
    this.#install = await this.#o.storage.beginInstall(message.snapshot, isRepair);
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
    this.#purpose.onFailed?.(new Error(reason));
  }
}
