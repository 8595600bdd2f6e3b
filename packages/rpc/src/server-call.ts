import { assert } from "@conclave/base";
import type {
  PeerAddress,
  ServerStream,
  ServerStreamHandler,
  UnaryCall,
  UnaryHandler,
} from "./call.ts";
import type { Expiring } from "./deadlines.ts";
import { ErrorCode } from "./error-code.ts";
import { NO_METADATA, requireValidField } from "./header-field.ts";
import type { Metadata } from "./metadata.ts";
import { Status, type StatusCode } from "./status.ts";
import { Stream, type StreamLoss } from "./stream.ts";

type Fields = (readonly [string, string])[];

const NOBODY: PeerAddress = { remoteAddress: "", remotePort: 0, certificateName: null };
const DEADLINE_TEXT = "context deadline exceeded";

/** What a call needs of the connection it came on. */
export interface ServerCallConnection {
  /** The whole good answer of a unary call. */
  replyUnary(call: UnaryServerCall, message: Uint8Array): void;
  writeResponseHead(call: ServerCall): void;
  /** Sends a message, or queues it; false: stop until `onSendable`. */
  sendOn(call: ServerCall, message: Uint8Array, rest?: Uint8Array): boolean;
  isWritable(call: ServerCall): boolean;
  /** Writes the status; the stream ends with it. */
  writeTrailers(call: ServerCall): void;
  /** Forgets what is queued: nobody waits for it any more. */
  dropQueue(call: ServerCall): void;
  forgetDeadline(call: ServerCall): void;
  /** Ends the connection: GOAWAY. */
  fail(code: ErrorCode, message: string): void;
  giveBackWindow(call: ServerCall): void;
}

/** What unary and streaming calls at the server have in common: the answer's frame, the deadline. */
export abstract class ServerCall extends Stream implements Expiring {
  path = "";
  metadata: Metadata = NO_METADATA;
  peer: PeerAddress = NOBODY;
  deadlineMs = Number.POSITIVE_INFINITY;
  nextExpiring: Expiring | null = null;
  previousExpiring: Expiring | null = null;
  expirySlot = -1;

  /** The status to end with, once the queue is empty. */
  endCode: StatusCode = Status.OK;
  endMessage = "";
  initialMetadata: Fields | null = null;
  trailingMetadata: Fields | null = null;
  /** Response HEADERS were written. */
  headSent = false;

  connection: ServerCallConnection | null = null;

  addInitialMetadata(name: string, value: string): void {
    assert(!this.headSent, "initial metadata comes before the answer");
    requireValidField(name, value);
    this.initialMetadata ??= [];
    this.initialMetadata.push([name, value]);
  }

  addTrailingMetadata(name: string, value: string): void {
    requireValidField(name, value);
    this.trailingMetadata ??= [];
    this.trailingMetadata.push([name, value]);
  }

  dropConnection(reason: string): void {
    this.connection?.fail(ErrorCode.INTERNAL_ERROR, reason);
  }

  onBadMessage(code: StatusCode, text: string): void {
    this.finishWith(code, text);
  }

  writeEnd(): void {
    this.connection!.writeTrailers(this);
  }

  /** The answer is written or queued; OK follows. */
  endOk(): void {
    this.endWith(Status.OK, "");
  }

  /** Ends the call on the wire, behind what is queued. Nothing more is read. */
  protected endWith(code: StatusCode, message: string): void {
    this.endCode = code;
    this.endMessage = message;
    this.endQueued = true;
    this.reader.stopped = true;
    this.connection!.forgetDeadline(this);
    if (this.queuedBytes === 0) this.writeEnd();
  }

  /** Ends the call for a reason the handler did not have a say in, and tells it. */
  abstract finishWith(code: StatusCode, message: string): void;

  onDeadline(): void {
    this.connection?.dropQueue(this);
    this.finishWith(Status.DEADLINE_EXCEEDED, DEADLINE_TEXT);
  }
}

/**
 * A unary call. Pooled: the record is free again when it has left the connection *and* the handler has answered,
 * in whatever order; until the handler answers, it may hold on to it.
 */
export class UnaryServerCall extends ServerCall implements UnaryCall {
  handler: UnaryHandler | null = null;
  cancelled = false;
  onCancel: (() => void) | null = null;
  /** The handler has the message. */
  #dispatched = false;
  #answered = false;
  readonly #pool: UnaryServerCall[];

  constructor(pool: UnaryServerCall[]) {
    super();
    this.#pool = pool;
  }

  onMessage(message: Buffer): void {
    if (this.#dispatched) {
      this.finishWith(Status.INTERNAL, "grpc: the unary call carried a second message");
      return;
    }
    this.#dispatched = true;
    this.handler!(this, message);
  }

  onRemoteEnd(): void {
    if (this.#dispatched || this.endQueued) return;
    this.finishWith(Status.INTERNAL, "grpc: the unary call carried no whole message");
  }

  reply(message: Uint8Array): void {
    this.#answer();
    if (this.cancelled) {
      this.#recycleIfDone();
      return;
    }
    this.connection!.replyUnary(this, message);
  }

  fail(code: StatusCode, message: string): void {
    this.#answer();
    if (this.cancelled) {
      this.#recycleIfDone();
      return;
    }
    this.endWith(code, message);
  }

  #answer(): void {
    assert(this.#dispatched && !this.#answered, "a unary call is answered once");
    this.#answered = true;
    this.onCancel = null;
  }

  finishWith(code: StatusCode, message: string): void {
    if (this.endQueued) return;
    const { onCancel } = this;
    this.cancelled = true;
    this.onCancel = null;
    this.endWith(code, message);
    onCancel?.();
  }

  onSendable(): void {}

  onFinished(): void {
    this.#leave();
  }

  onLost(_loss: StreamLoss): void {
    const { onCancel } = this;
    this.cancelled = true;
    this.onCancel = null;
    this.#leave();
    onCancel?.();
  }

  #leave(): void {
    this.connection!.forgetDeadline(this);
    this.id = 0;
    this.reader.stopped = true;
    this.connection = null;
    this.#recycleIfDone();
  }

  #recycleIfDone(): void {
    if (this.connection !== null) return;
    if (this.#dispatched && !this.#answered) return;
    this.resetStream();
    this.metadata = NO_METADATA;
    this.handler = null;
    this.cancelled = false;
    this.onCancel = null;
    this.initialMetadata = null;
    this.trailingMetadata = null;
    this.headSent = false;
    this.#dispatched = false;
    this.#answered = false;
    this.#pool.push(this);
  }
}

/** A streaming call. */
export class StreamServerCall extends ServerCall implements ServerStream {
  #handler: ServerStreamHandler | null = null;
  #over = false;

  attach(handler: ServerStreamHandler): void {
    this.#handler = handler;
  }

  send(message: Uint8Array, rest?: Uint8Array): boolean {
    if (this.#over) return false;
    const connection = this.connection!;
    if (!this.headSent) connection.writeResponseHead(this);
    this.isAnswered = true;
    return connection.sendOn(this, message, rest);
  }

  get writable(): boolean {
    return !this.#over && this.connection!.isWritable(this);
  }

  end(code: StatusCode, message = ""): void {
    if (this.#over) return;
    this.#over = true;
    this.endWith(code, message);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.connection?.giveBackWindow(this);
  }

  onMessage(message: Buffer, owned: boolean): void {
    if (!this.#over) this.#handler!.onMessage(message, owned);
  }

  onRemoteEnd(): void {
    if (this.#over) return;
    if (this.reader.insideMessage) {
      this.finishWith(Status.INTERNAL, "grpc: the stream ended inside a message");
      return;
    }
    this.#handler!.onHalfClose();
  }

  finishWith(code: StatusCode, message: string): void {
    if (this.#over) return;
    this.end(code, message);
    this.#handler?.onCancel();
  }

  onSendable(): void {
    if (!this.#over) this.#handler?.onDrain();
  }

  onFinished(): void {
    this.#leave();
  }

  onLost(_loss: StreamLoss): void {
    const wasOver = this.#over;
    this.#leave();
    if (!wasOver) this.#handler?.onCancel();
  }

  #leave(): void {
    this.#over = true;
    this.connection!.forgetDeadline(this);
    this.id = 0;
    this.reader.stopped = true;
    this.connection = null;
  }
}
