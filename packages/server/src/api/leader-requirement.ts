import {
  type Metadata,
  type ServerStream,
  Status,
  type StatusCode,
  type StreamOpener,
  type UnaryHandler,
} from "@conclave/rpc";
import { EtcdErrors } from "@conclave/wire";
import { failWith } from "./errors.ts";

/** What clients send that would rather have an error than the silence of a member without a leader (etcd 3.2). */
const HEADER = "hasleader";

/** Election timeouts without a leader after which streams that require one are cut. Count. */
const PATIENCE_ELECTION_TIMEOUTS = 3;

export interface LeaderRequirementOptions {
  readonly hasLeader: () => boolean;
  readonly electionTimeoutMs: number;
}

/** Refuses calls that require a leader while there is none, and ends their streams when it stays away. */
export class LeaderRequirement {
  readonly #o: LeaderRequirementOptions;
  readonly #streams = new Set<RequiringStream>();
  #leaderlessSinceMs: number | null = null;

  constructor(options: LeaderRequirementOptions) {
    this.#o = options;
  }

  guardUnary(handler: UnaryHandler): UnaryHandler {
    return (call, message) => {
      if (this.#o.hasLeader() || !isRequired(call.metadata)) handler(call, message);
      else failWith(call, EtcdErrors.noLeader);
    };
  }

  guardStream(opener: StreamOpener): StreamOpener {
    return (stream) => {
      if (!isRequired(stream.metadata)) return opener(stream);
      const requiring = new RequiringStream(stream, () => this.#streams.delete(requiring));
      const handler = opener(requiring);
      requiring.cancel = () => handler.onCancel();
      this.#streams.add(requiring);
      if (!this.#o.hasLeader()) requiring.cutOff();
      return {
        onMessage: (message) => handler.onMessage(message),
        onHalfClose: () => handler.onHalfClose(),
        onDrain: () => handler.onDrain(),
        onCancel: () => {
          this.#streams.delete(requiring);
          handler.onCancel();
        },
      };
    };
  }

  onTick(nowMs: number): void {
    if (this.#o.hasLeader()) {
      this.#leaderlessSinceMs = null;
      return;
    }
    this.#leaderlessSinceMs ??= nowMs;
    const patienceMs = PATIENCE_ELECTION_TIMEOUTS * this.#o.electionTimeoutMs;
    if (nowMs - this.#leaderlessSinceMs < patienceMs) return;
    for (const stream of [...this.#streams]) stream.cutOff();
  }
}

/** A stream that must end when the leader stays away, and must be forgotten when it ends otherwise. */
class RequiringStream implements ServerStream {
  readonly #stream: ServerStream;
  readonly #onEnd: () => void;
  /** Tells the service that nobody listens any more. */
  cancel: () => void = () => {};

  constructor(stream: ServerStream, onEnd: () => void) {
    this.#stream = stream;
    this.#onEnd = onEnd;
  }

  cutOff(): void {
    this.end(Status.UNAVAILABLE, EtcdErrors.noLeader.message);
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
  send(message: Uint8Array): boolean {
    return this.#stream.send(message);
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
}

function isRequired(metadata: Metadata): boolean {
  return metadata.get(HEADER) === "true";
}
