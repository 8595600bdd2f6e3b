import type { Abortable, AbortRegistry } from "./abort-registry.ts";
import type {
  CallOptions,
  CallStatus,
  ClientStream,
  ClientStreamHandler,
  UnaryCallback,
} from "./call.ts";
import type { DeadlineWheel, Expiring } from "./deadlines.ts";
import { ErrorCode, errorCodeName } from "./error-code.ts";
import { NO_METADATA, requireValidField } from "./header-field.ts";
import type { Metadata } from "./metadata.ts";
import { codeOfHttpStatus, type ResponseHead } from "./response-head.ts";
import { Status, type StatusCode } from "./status.ts";
import { Stream, type StreamLoss } from "./stream.ts";

/** What a call needs of the connection that carries it. */
export interface CallConnection {
  readonly endpoint: string;
  /** Sends a message, or queues it; false: stop until `onSendable`. */
  sendOn(call: ClientCall, message: Uint8Array): boolean;
  isWritable(call: ClientCall): boolean;
  /** Writes END_STREAM. */
  writeEnd(call: ClientCall): void;
  abandon(call: ClientCall, code: ErrorCode): void;
  giveBackWindow(call: ClientCall): void;
}

/** What a call needs of the channel that made it. */
export interface CallOwner {
  readonly deadlines: DeadlineWheel;
  readonly aborts: AbortRegistry;
  /** Calls back soon, from outside of whatever is going on. */
  defer(callback: () => void): void;
  /** Takes the call out of the queue of those that wait for a connection. */
  forget(call: ClientCall): void;
}

/**
 * A call at the client, from the moment it is made: first it may wait for a connection, then it is a stream.
 * It ends exactly once, by {@link finish}.
 */
export abstract class ClientCall extends Stream implements Expiring, Abortable {
  readonly path: string;
  readonly options: CallOptions;
  deadlineMs = Number.POSITIVE_INFINITY;
  nextExpiring: Expiring | null = null;
  previousExpiring: Expiring | null = null;
  expirySlot = -1;

  connection: CallConnection | null = null;
  /** Where it was sent, kept when the connection is gone. */
  endpoint: string | null = null;
  ended = false;
  protected readonly owner: CallOwner;
  #sent = false;
  #headSeen = false;

  constructor(path: string, options: CallOptions, owner: CallOwner) {
    super();
    this.path = path;
    this.options = options;
    this.owner = owner;
    for (const name in options.metadata) requireValidField(name, options.metadata[name]!);
  }

  /** The connection gave it a stream; whatever is queued goes with it. */
  onSent(connection: CallConnection): void {
    this.connection = connection;
    this.endpoint = connection.endpoint;
    this.#sent = true;
  }

  onDeadline(): void {
    this.abort(Status.DEADLINE_EXCEEDED, "context deadline exceeded");
  }

  onAborted(): void {
    this.abort(Status.CANCELLED, "cancelled by the caller");
  }

  /** Ends the call from our side: the server is told to stop. */
  abort(code: StatusCode, message: string): void {
    if (this.ended) return;
    this.connection?.abandon(this, ErrorCode.CANCEL);
    this.finish(code, message, NO_METADATA, this.#sent);
  }

  /** Resets the stream at once, and tells the call's maker in a moment: it is in the middle of something. */
  protected cancelSoon(): void {
    if (this.ended || this.reader.stopped) return;
    this.reader.stopped = true;
    if (this.#sent) this.connection?.abandon(this, ErrorCode.CANCEL);
    else this.owner.forget(this);
    this.owner.defer(() =>
      this.finish(Status.CANCELLED, "cancelled by the caller", NO_METADATA, this.#sent),
    );
  }

  /** HEADERS came: the head of the response, or its end, or both. */
  onHead(head: ResponseHead, endStream: boolean): void {
    if (this.ended) return;
    if (head.httpStatus >= 100 && head.httpStatus < 200 && !endStream) return; // informational
    if (head.malformed || (this.#headSeen && !endStream)) {
      this.abort(Status.INTERNAL, "malformed response headers");
      return;
    }
    if (!this.#headSeen && !this.#acceptHead(head, endStream)) return;
    if (!endStream) return;
    if (head.code === null) {
      const text = "server closed the stream without sending grpc-status";
      this.#end(Status.INTERNAL, text, head.metadata);
    } else {
      this.#end(head.code, head.message, head.metadata);
    }
  }

  #acceptHead(head: ResponseHead, endStream: boolean): boolean {
    this.#headSeen = true;
    if (head.httpStatus !== 200 || !head.isGrpc) {
      const text = `not a gRPC response: HTTP status ${head.httpStatus}`;
      const code = head.code ?? codeOfHttpStatus(head.httpStatus);
      this.#end(code, head.message || text, head.metadata);
      return false;
    }
    this.reader.encoding = head.encoding;
    this.bodyBytesLeft = head.contentLength;
    if (!endStream) this.onResponse(head.metadata);
    return !this.ended;
  }

  /** The server ended the call; if we are still sending, it does not matter any more. */
  #end(code: StatusCode, message: string, trailers: Metadata): void {
    if (code === Status.OK && this.reader.insideMessage) {
      this.abort(Status.INTERNAL, "the response ended inside a message");
      return;
    }
    this.reader.stopped = true;
    if (!this.remoteClosed || !this.localClosed) {
      this.connection?.abandon(this, ErrorCode.NO_ERROR);
    }
    this.finish(code, message, trailers, true);
  }

  onBadMessage(code: StatusCode, text: string): void {
    this.abort(code, text);
  }

  onRemoteEnd(): void {
    if (this.ended) return;
    this.#end(Status.INTERNAL, "server closed the stream without sending trailers", NO_METADATA);
  }

  onLost(loss: StreamLoss): void {
    this.id = 0;
    this.connection = null;
    if (this.ended) return;
    switch (loss.kind) {
      case "unseen":
        this.finish(Status.UNAVAILABLE, loss.message, NO_METADATA, false);
        return;
      case "disconnected": {
        const text = `connection to ${this.endpoint} lost: ${loss.message}`;
        this.finish(Status.UNAVAILABLE, text, NO_METADATA, true);
        return;
      }
      case "fault":
        this.finish(Status.INTERNAL, loss.message, NO_METADATA, true);
        return;
      case "reset": {
        const refused = loss.code === ErrorCode.REFUSED_STREAM && !this.#headSeen;
        const text = `stream reset by the server: ${errorCodeName(loss.code)}`;
        this.finish(codeOfReset(loss.code), text, NO_METADATA, !refused);
        return;
      }
    }
  }

  onFinished(): void {
    this.id = 0;
    this.connection = null;
  }

  writeEnd(): void {
    this.connection!.writeEnd(this);
  }

  /** Ends the call towards its maker. */
  finish(code: StatusCode, message: string, trailers: Metadata, mayHaveReached: boolean): void {
    if (this.ended) return;
    this.ended = true;
    this.reader.stopped = true;
    if (this.expirySlot >= 0) this.owner.deadlines.remove(this);
    const { signal } = this.options;
    if (signal !== undefined) this.owner.aborts.remove(signal, this);
    if (!this.#sent) this.owner.forget(this);
    this.onEnd({
      code,
      message,
      trailers,
      mayHaveReachedServer: mayHaveReached,
      endpoint: this.endpoint,
    });
  }

  /** Response headers came, and the call goes on. */
  protected abstract onResponse(metadata: Metadata): void;
  protected abstract onEnd(status: CallStatus): void;
}

/** The status of a call whose stream was reset (gRPC over HTTP/2, "Errors"). */
function codeOfReset(code: number): StatusCode {
  switch (code) {
    case ErrorCode.REFUSED_STREAM:
      return Status.UNAVAILABLE;
    case ErrorCode.CANCEL:
      return Status.CANCELLED;
    case ErrorCode.ENHANCE_YOUR_CALM:
      return Status.RESOURCE_EXHAUSTED;
    case ErrorCode.INADEQUATE_SECURITY:
      return Status.PERMISSION_DENIED;
    default:
      return Status.INTERNAL;
  }
}

export class UnaryClientCall extends ClientCall {
  /** Our copy of it while the call waits for a connection; the maker's own if it is sent at once. */
  request: Uint8Array;
  readonly #callback: UnaryCallback;
  #response: Buffer | null = null;

  constructor(
    path: string,
    request: Uint8Array,
    options: CallOptions,
    callback: UnaryCallback,
    owner: CallOwner,
  ) {
    super(path, options, owner);
    this.request = request;
    this.#callback = callback;
  }

  onMessage(message: Buffer, owned: boolean): void {
    if (this.#response !== null) {
      this.abort(Status.INTERNAL, "a unary call was answered by two messages");
      return;
    }
    this.#response = owned ? message : Buffer.from(message);
  }

  onSendable(): void {}

  protected onResponse(): void {}

  protected onEnd(status: CallStatus): void {
    if (status.code !== Status.OK) this.#callback(status, null);
    else if (this.#response !== null) this.#callback(status, this.#response);
    else {
      const message = "a unary call was answered without a message";
      this.#callback({ ...status, code: Status.INTERNAL, message }, null);
    }
  }
}

export class StreamClientCall extends ClientCall implements ClientStream {
  readonly #handler: ClientStreamHandler;
  readonly #highWaterBytes: number;

  constructor(
    path: string,
    options: CallOptions,
    handler: ClientStreamHandler,
    owner: CallOwner,
    highWaterBytes: number,
  ) {
    super(path, options, owner);
    this.#handler = handler;
    this.#highWaterBytes = highWaterBytes;
  }

  send(message: Uint8Array): boolean {
    if (this.ended || this.endQueued) return false;
    if (this.connection !== null) return this.connection.sendOn(this, message);
    this.queueMessage(message);
    if (this.queuedBytes <= this.#highWaterBytes) return true;
    this.wantsDrain = true;
    return false;
  }

  get writable(): boolean {
    if (this.ended || this.endQueued) return false;
    if (this.connection !== null) return this.connection.isWritable(this);
    return this.queuedBytes <= this.#highWaterBytes;
  }

  halfClose(): void {
    if (this.ended || this.endQueued) return;
    this.endQueued = true;
    if (this.connection !== null && this.queuedBytes === 0) this.writeEnd();
  }

  cancel(): void {
    this.cancelSoon();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.connection?.giveBackWindow(this);
  }

  onMessage(message: Buffer): void {
    if (!this.ended) this.#handler.onMessage(message);
  }

  onSendable(): void {
    if (!this.ended) this.#handler.onDrain?.();
  }

  protected onResponse(metadata: Metadata): void {
    this.#handler.onOpen?.(metadata);
  }

  protected onEnd(status: CallStatus): void {
    this.#handler.onEnd(status);
  }
}
