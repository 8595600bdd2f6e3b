import { Connection, type ConnectionContext } from "./connection.ts";
import { ConnectionFault, ErrorCode } from "./error-code.ts";
import {
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  Setting,
  STREAM_ID_MAX,
  settingsFrame,
  writeFrameHeader,
  writeUint32,
} from "./frame.ts";
import { encodeGrpcMessage } from "./grpc-text.ts";
import { HeadMemory } from "./head-memory.ts";
import { FieldKind } from "./header-field.ts";
import { LatePings, PING_MEASURED_BYTES } from "./late-pings.ts";
import type { ServerLimits } from "./limits.ts";
import type { ByteLink } from "./link.ts";
import { MESSAGE_PREFIX_BYTES } from "./message-reader.ts";
import { type RequestHead, readRequestHead } from "./request-head.ts";
import {
  type ServerCall,
  type ServerCallConnection,
  StreamServerCall,
  type UnaryServerCall,
} from "./server-call.ts";
import type { Method, ServerCore } from "./server-core.ts";
import { Status, type StatusCode } from "./status.ts";
import type { Stream } from "./stream.ts";

/** Payload of the PING whose answer says that every request sent before GOAWAY has come (RFC 9113 6.8). */
const DRAIN_PING = Buffer.from("drain\0\0\0", "latin1");

/** The server's end of a connection: requests in, answers out. */
export class ServerConnection extends Connection implements ServerCallConnection {
  readonly #core: ServerCore;
  readonly #onGone: (connection: ServerConnection) => void;
  readonly #limits: ServerLimits;
  readonly #heads: HeadMemory<RequestHead>;
  /** Blocks that every good answer starts and ends with, and the encoder's generation they are valid for. */
  #okHead = Buffer.alloc(0);
  #okHeadGeneration = -1;
  #okTrailers = Buffer.alloc(0);
  #okTrailersGeneration = -1;

  #draining: "no" | "announced" | "final" = "no";
  /** Requests answered, and how many there were at the last PING: if more since, the next may be a measurement and is no offence. */
  #answers = 0;
  #answersAtPing = -1;
  /** What of answers had been written late, and what of anything had left, at the last PING. Octets. */
  #writtenLateBytes = 0;
  #writtenBytes = 0;
  #lastPingMs = Number.NEGATIVE_INFINITY;
  #pingStrikes = 0;
  readonly #latePings: LatePings;

  constructor(
    link: ByteLink,
    core: ServerCore,
    context: ConnectionContext,
    onGone: (connection: ServerConnection) => void,
  ) {
    super(link, core.limits, context);
    this.#latePings = new LatePings(context.clock, (payload) => this.answerPing(payload));
    this.#core = core;
    this.#onGone = onGone;
    this.#heads = new HeadMemory(this.decoder, readRequestHead);
    this.#limits = core.limits;
    this.frames.expectPreface();
    this.writer.raw(
      settingsFrame([
        [Setting.MAX_CONCURRENT_STREAMS, this.#limits.concurrentStreamsMax],
        [Setting.INITIAL_WINDOW_SIZE, this.#limits.streamWindowBytes],
        [Setting.MAX_HEADER_LIST_SIZE, this.#limits.headerListBytesMax],
      ]),
    );
    this.openInflow();
  }

  override onBytes(chunk: Buffer): void {
    if (this.phase !== "open") return;
    this.heardAtMs = this.clock.nowMs();
    this.#core.intake.admit(this, chunk);
  }

  protected isIdle(id: number): boolean {
    return id > this.lastPeerStreamId || id % 2 === 0;
  }

  // ---- requests -------------------------------------------------------------------------------------------------

  onHeaderBlock(id: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    if (id > this.lastPeerStreamId && id % 2 === 1) {
      this.lastPeerStreamId = id;
      this.#open(id, endStream, this.#heads.read(block, start, end));
      return;
    }
    this.decoder.decode(block, start, end);
    const stream = this.streams.get(id);
    if (stream !== undefined) this.#onTrailers(stream, endStream);
    else if (!this.resets.has(id)) {
      throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, `HEADERS on stream ${id}`);
    }
  }

  /** HEADERS on an open stream end the request (RFC 9113 8.1); gRPC puts nothing into them. */
  #onTrailers(stream: Stream, endStream: boolean): void {
    if (stream.remoteClosed) {
      this.faultStream(stream, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
      return;
    }
    const pseudo = this.decoder.fields.some(
      ({ kind }) =>
        (kind >= FieldKind.METHOD && kind <= FieldKind.STATUS) || kind === FieldKind.MALFORMED,
    );
    if (!endStream || pseudo) {
      this.faultStream(stream, ErrorCode.PROTOCOL_ERROR, "malformed trailers");
      return;
    }
    if (stream.bodyBytesLeft > 0) {
      this.faultStream(stream, ErrorCode.PROTOCOL_ERROR, "body shorter than content-length");
      return;
    }
    this.endRemote(stream);
  }

  #open(id: number, endStream: boolean, head: RequestHead | null): void {
    this.controlBudget.earn(2);
    if (this.#draining === "final" || this.streams.size >= this.#limits.concurrentStreamsMax) {
      this.refuse(id, ErrorCode.REFUSED_STREAM);
      return;
    }
    if (head?.verdict === "malformed") {
      this.refuse(id, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (endStream && head !== null && head.contentLength > 0) {
      this.refuse(id, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (head === null) {
      const text = `header list larger than max (${this.#limits.headerListBytesMax} octets)`;
      this.#reject(id, endStream, "200", Status.RESOURCE_EXHAUSTED, text);
      return;
    }
    const method = head.verdict === "call" ? this.#core.methods.get(head.path) : undefined;
    if (method === undefined) {
      this.#rejectHead(id, endStream, head);
      return;
    }
    if (method.kind === "unary") this.#openUnary(id, endStream, head, method);
    else this.#openStream(id, endStream, head, method);
  }

  #openUnary(
    id: number,
    endStream: boolean,
    head: RequestHead,
    method: Method & { readonly kind: "unary" },
  ): void {
    const call: UnaryServerCall = this.#core.takeUnaryCall();
    call.handler = method.handler;
    this.#admit(call, id, endStream, head);
    if (endStream) this.endRemote(call);
  }

  #openStream(
    id: number,
    endStream: boolean,
    head: RequestHead,
    method: Method & { readonly kind: "stream" },
  ): void {
    const call = new StreamServerCall();
    this.#admit(call, id, endStream, head);
    call.attach(method.opener(call));
    if (call.id !== id) return;
    if (!call.headSent && !call.endQueued) this.writeResponseHead(call);
    if (endStream) this.endRemote(call);
  }

  #admit(call: ServerCall, id: number, endStream: boolean, head: RequestHead): void {
    call.id = id;
    call.connection = this;
    call.path = head.path;
    call.metadata = head.metadata;
    call.peer = this.link.peer;
    call.sendWindow = this.outflow.initialStreamWindow;
    call.openedAtMs = this.heardAtMs;
    call.openedAtRead = this.reads;
    call.receiveWindow = this.#limits.streamWindowBytes;
    call.bodyBytesLeft = head.contentLength;
    call.remoteClosed = endStream;
    call.reader.reset(this.#limits.messageBytesMax);
    call.reader.encoding = head.encoding;
    this.streams.set(id, call);
    if (head.timeoutMs === null) {
      call.deadlineMs = Number.POSITIVE_INFINITY;
    } else {
      call.deadlineMs = this.clock.nowMs() + head.timeoutMs;
      this.#core.deadlines.add(call);
    }
  }

  isWritable(call: ServerCall): boolean {
    return this.outflow.writable(call);
  }

  dropQueue(call: ServerCall): void {
    this.outflow.drop(call);
  }

  forgetDeadline(call: ServerCall): void {
    if (call.expirySlot >= 0) this.#core.deadlines.remove(call);
  }

  #rejectHead(id: number, endStream: boolean, head: RequestHead): void {
    switch (head.verdict) {
      case "not-post":
        this.#reject(id, endStream, "405", Status.INTERNAL, "the method is not POST");
        return;
      case "not-grpc":
        this.#reject(id, endStream, "415", Status.UNKNOWN, "invalid gRPC request content-type");
        return;
      case "bad-timeout":
        this.#reject(id, endStream, "200", Status.INTERNAL, "malformed grpc-timeout");
        return;
      default: {
        const { code, message } = this.#core.fallback(head.path);
        this.#reject(id, endStream, "200", code, message);
        return;
      }
    }
  }

  /** Answers with trailers only, without a record of the stream. */
  #reject(
    id: number,
    endStream: boolean,
    httpStatus: string,
    code: StatusCode,
    text: string,
  ): void {
    const { encoder } = this;
    encoder.begin();
    encoder.field(":status", httpStatus);
    encoder.field("content-type", "application/grpc");
    encoder.field("grpc-status", String(code));
    encoder.passingField("grpc-message", encodeGrpcMessage(text));
    this.writeHeaders(id, true, encoder.end());
    this.#answers += 1;
    if (!endStream) this.resetUnseen(id);
  }

  // ---- answers --------------------------------------------------------------------------------------------------

  /** The whole good answer of a unary call, mostly in one stretch of the output. */
  replyUnary(call: UnaryServerCall, message: Uint8Array): void {
    if (
      call.initialMetadata !== null ||
      call.trailingMetadata !== null ||
      !this.outflow.fits(call, message.length)
    ) {
      this.writeResponseHead(call);
      this.sendOn(call, message);
      call.endOk();
      return;
    }
    this.forgetDeadline(call);
    const head = this.#okHeadBlock();
    const trailers = this.#okTrailersBlock();
    const bytes = message.length + MESSAGE_PREFIX_BYTES;
    const { output, outflow } = this;
    let at = output.reserve(3 * FRAME_HEADER_BYTES + head.length + bytes + trailers.length);
    const out = output.bytes;
    const { id } = call;
    at = writeFrameHeader(out, at, head.length, FrameType.HEADERS, Flag.END_HEADERS, id);
    at = copyBlock(head, out, at);
    at = writeFrameHeader(out, at, bytes, FrameType.DATA, 0, id);
    out[at] = 0;
    at = writeUint32(out, at + 1, message.length);
    out.set(message, at);
    at += message.length;
    at = writeFrameHeader(out, at, trailers.length, FrameType.HEADERS, ENDS_ALL, id);
    copyBlock(trailers, out, at);
    outflow.window -= bytes;
    this.#answers += 1;
    call.reader.stopped = true;
    this.endLocal(call);
    this.askFlush();
  }

  #okHeadBlock(): Buffer {
    const { encoder } = this;
    if (this.#okHeadGeneration === encoder.generation) return this.#okHead;
    const before = encoder.generation;
    encoder.begin();
    encoder.field(":status", "200");
    encoder.field("content-type", "application/grpc");
    this.#okHead = Buffer.from(encoder.end());
    if (encoder.generation === before) this.#okHeadGeneration = before;
    return this.#okHead;
  }

  #okTrailersBlock(): Buffer {
    const { encoder } = this;
    if (this.#okTrailersGeneration === encoder.generation) return this.#okTrailers;
    const before = encoder.generation;
    encoder.begin();
    encoder.field("grpc-status", "0");
    this.#okTrailers = Buffer.from(encoder.end());
    if (encoder.generation === before) this.#okTrailersGeneration = before;
    return this.#okTrailers;
  }

  writeResponseHead(call: ServerCall): void {
    call.headSent = true;
    this.#answers += 1;
    if (call.initialMetadata === null) {
      this.writeHeaders(call.id, false, this.#okHeadBlock());
      return;
    }
    const { encoder } = this;
    encoder.begin();
    encoder.field(":status", "200");
    encoder.field("content-type", "application/grpc");
    for (const [name, value] of call.initialMetadata) encoder.passingField(name, value);
    this.writeHeaders(call.id, false, encoder.end());
  }

  sendOn(call: ServerCall, message: Uint8Array, rest?: Uint8Array): boolean {
    this.#answers += 1;
    this.controlBudget.earn(2);
    const writable = this.outflow.send(call, message, rest);
    this.askFlush();
    return writable;
  }

  /** Trailers, or the only HEADERS if nothing was sent before; they end the stream. */
  writeTrailers(call: ServerCall): void {
    const { encoder } = this;
    encoder.begin();
    if (!call.headSent) {
      encoder.field(":status", "200");
      encoder.field("content-type", "application/grpc");
      for (const [name, value] of call.initialMetadata ?? []) encoder.passingField(name, value);
      if (call.endCode === Status.UNIMPLEMENTED) {
        encoder.field("grpc-accept-encoding", "identity");
      }
    }
    encoder.field("grpc-status", String(call.endCode));
    if (call.endMessage !== "") {
      encoder.passingField("grpc-message", encodeGrpcMessage(call.endMessage));
    }
    for (const [name, value] of call.trailingMetadata ?? []) encoder.passingField(name, value);
    call.headSent = true;
    this.#answers += 1;
    this.writeHeaders(call.id, true, encoder.end());
    this.endLocal(call);
  }

  protected override onLocalEnd(stream: Stream): void {
    this.resetIfStillOpen(stream);
  }

  // ---- the connection -------------------------------------------------------------------------------------------

  /** PINGs that come too often, without work in between, are an offence (grpc-go's enforcement policy, as etcd sets it). */
  protected onPeerPing(payload: Uint8Array): void {
    const { writtenLateBytes } = this.outflow;
    const nowMs = this.clock.nowMs();
    const isWorking =
      this.#answers > this.#answersAtPing || writtenLateBytes > this.#writtenLateBytes;
    if (isWorking) this.#pingStrikes = 0;
    else if (nowMs - this.#lastPingMs < this.#limits.pingIntervalMinMs) this.#pingStrikes += 1;
    if (this.#pingStrikes > this.#limits.pingStrikesMax) {
      throw new ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
    }
    const { writtenBytes } = this.output;
    const mayWait =
      isWorking && this.#answers > 0 && writtenBytes - this.#writtenBytes <= PING_MEASURED_BYTES;
    this.#answersAtPing = this.#answers;
    this.#writtenLateBytes = writtenLateBytes;
    this.#writtenBytes = writtenBytes;
    this.#lastPingMs = nowMs;
    if (mayWait) this.#latePings.owe(payload, writtenBytes);
    else this.answerPing(payload);
  }

  protected override beforeFlush(): void {
    if (this.#latePings.isOwing) this.#latePings.ride(this.output.writtenBytes);
  }

  protected onPingAck(bytes: Buffer, start: number): void {
    if (this.#draining !== "announced") return;
    if (DRAIN_PING.compare(bytes, start, start + DRAIN_PING.length) !== 0) return;
    this.#draining = "final";
    this.writer.goAway(this.lastPeerStreamId, ErrorCode.NO_ERROR, "");
    this.askFlush();
    this.onStreamGone();
  }

  /**
   * Asks the client to take new calls elsewhere, and ends the connection when the last call here is over. The first
   * GOAWAY names no stream, for requests may be on their way; the second does (RFC 9113 6.8).
   */
  drain(): void {
    if (this.phase !== "open" || this.#draining !== "no") return;
    if (!this.settingsReceived) {
      this.shutDown("server stopped");
      return;
    }
    this.#draining = "announced";
    this.writer.goAway(STREAM_ID_MAX, ErrorCode.NO_ERROR, "");
    this.writer.ping(false, DRAIN_PING);
    this.askFlush();
  }

  protected override onStreamGone(): void {
    if (this.#draining === "final" && this.streams.size === 0) this.shutDown("server stopped");
  }

  onGoAway(): void {
    // The client opens no more streams; it will close when it is done.
  }

  protected onPeerSettings(): void {}

  protected mayProbe(): boolean {
    return true;
  }

  protected onConnectionClosed(): void {
    this.#core.intake.forget(this);
    this.#latePings.forget();
    this.#onGone(this);
  }
}

const ENDS_ALL = Flag.END_HEADERS | Flag.END_STREAM;

/** A few octets: a loop beats a call into the runtime. */
function copyBlock(block: Buffer, out: Buffer, at: number): number {
  for (let from = 0; from < block.length; from += 1) out[at + from] = block[from]!;
  return at + block.length;
}
