import type { Metadata, ServerStream, StatusCode, StreamOpener, UnaryHandler } from "@conclave/rpc";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { failWith } from "./errors.ts";

/** What clients send that would rather have an error than the silence of a member without a leader (etcd 3.2). */
const HEADER = "hasleader";

/** Of etcd's streams learners serve only Maintenance.Snapshot. */
const NOT_FOR_LEARNERS = EtcdErrors.notSupportedForLearner;

/** Election timeouts without a leader after which streams that require one are cut. Count. */
const PATIENCE_ELECTION_TIMEOUTS = 3;

export interface CallGuardOptions {
  readonly hasLeader: () => boolean;
  /** Why this member answers nobody now, or null. */
  readonly refusal: () => EtcdError | null;
  /** Whether this member is a learner until it is promoted. Etcd's answer little, so that clients go elsewhere. */
  readonly isLearner: () => boolean;
  readonly electionTimeoutMs: number;
}

/**
 * Stands before the services: nobody is answered by a member whose state is in doubt; learners refuse all but their status and
 * serializable ranges; calls that require a leader are refused while there is none, their streams end when it stays away, and all
 * streams end when the server stops.
 */
export class CallGuard {
  readonly #o: CallGuardOptions;
  readonly #streams = new Set<GuardedStream>();
  #leaderlessSinceMs: number | null = null;

  constructor(options: CallGuardOptions) {
    this.#o = options;
  }

  /** @param isForLearners learners serve it, or refuse by themselves what of it they do not */
  guardUnary(handler: UnaryHandler, isForLearners = false): UnaryHandler {
    return (call, message) => {
      const refusal = this.#o.refusal();
      if (refusal !== null) failWith(call, refusal);
      else if (!isForLearners && this.#o.isLearner()) failWith(call, NOT_FOR_LEARNERS);
      else if (this.#o.hasLeader() || !isRequired(call.metadata)) handler(call, message);
      else failWith(call, EtcdErrors.noLeader);
    };
  }

  /** For what a member answers though its state is in doubt, or nobody leads; learners do not. */
  exceptLearners(handler: UnaryHandler): UnaryHandler {
    return (call, message) => {
      if (this.#o.isLearner()) failWith(call, NOT_FOR_LEARNERS);
      else handler(call, message);
    };
  }

  /** @param isServedInDoubt it tells of this member, not of its state: a member that stands back answers it, too */
  guardStream(opener: StreamOpener, isServedInDoubt = false): StreamOpener {
    return (stream) => {
      const onEnd = (): void => {
        this.#streams.delete(guarded);
      };
      const guarded = new GuardedStream(stream, isServedInDoubt, onEnd);
      const handler = opener(guarded);
      guarded.cancel = () => handler.onCancel();
      this.#streams.add(guarded);
      const refusal = this.#o.refusal();
      if (refusal !== null && !isServedInDoubt) guarded.cutOff(refusal);
      else if (this.#o.isLearner()) guarded.cutOff(NOT_FOR_LEARNERS);
      else if (guarded.requiresLeader && !this.#o.hasLeader()) guarded.cutOff(EtcdErrors.noLeader);
      return {
        onMessage: (message, isOwned) => handler.onMessage(message, isOwned),
        onHalfClose: () => handler.onHalfClose(),
        onDrain: () => handler.onDrain(),
        onCancel: () => {
          this.#streams.delete(guarded);
          handler.onCancel();
        },
      };
    };
  }

  /** Streams that are open. Count. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Ends every stream. */
  endStreams(error: EtcdError): void {
    for (const stream of [...this.#streams]) stream.cutOff(error);
  }

  /** Ends the streams that tell of the state: it is in doubt. */
  refuseStreams(error: EtcdError): void {
    for (const stream of [...this.#streams]) if (!stream.isServedInDoubt) stream.cutOff(error);
  }

  onTick(nowMs: number): void {
    if (this.#o.hasLeader()) {
      this.#leaderlessSinceMs = null;
      return;
    }
    this.#leaderlessSinceMs ??= nowMs;
    const patienceMs = PATIENCE_ELECTION_TIMEOUTS * this.#o.electionTimeoutMs;
    if (nowMs - this.#leaderlessSinceMs < patienceMs) return;
    for (const stream of [...this.#streams]) {
      if (stream.requiresLeader) stream.cutOff(EtcdErrors.noLeader);
    }
  }
}

/** A stream that can be ended from outside, and is forgotten when it ends otherwise. */
class GuardedStream implements ServerStream {
  readonly #stream: ServerStream;
  readonly #onEnd: () => void;
  readonly requiresLeader: boolean;
  readonly isServedInDoubt: boolean;
  /** Tells the service that nobody listens any more. */
  cancel: () => void = () => {};

  constructor(stream: ServerStream, isServedInDoubt: boolean, onEnd: () => void) {
    this.#stream = stream;
    this.isServedInDoubt = isServedInDoubt;
    this.#onEnd = onEnd;
    this.requiresLeader = isRequired(stream.metadata);
  }

  cutOff(error: EtcdError): void {
    this.end(error.code as StatusCode, error.message);
    this.cancel();
  }

  get path(): string {
    return this.#stream.path;
  }
  get metadata(): Metadata {
    return this.#stream.metadata;
  }
  get peer(): ServerStream["peer"] {
    return this.#stream.peer;
  }
  get deadlineMs(): number {
    return this.#stream.deadlineMs;
  }
  get writable(): boolean {
    return this.#stream.writable;
  }
  addInitialMetadata(name: string, value: string): void {
    this.#stream.addInitialMetadata(name, value);
  }
  addTrailingMetadata(name: string, value: string): void {
    this.#stream.addTrailingMetadata(name, value);
  }
  send(message: Uint8Array, rest?: Uint8Array): boolean {
    return this.#stream.send(message, rest);
  }
  end(code: StatusCode, message?: string): void {
    this.#onEnd();
    this.#stream.end(code, message);
  }
  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  dropConnection(reason: string): void {
    this.#stream.dropConnection(reason);
  }
}

function isRequired(metadata: Metadata): boolean {
  return metadata.get(HEADER) === "true";
}
