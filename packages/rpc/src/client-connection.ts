import type { CallConnection, ClientCall, UnaryClientCall } from "./client-call.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { ConnectionFault, ErrorCode, errorCodeName } from "./error-code.ts";
import {
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  PREFACE,
  Setting,
  STREAM_ID_MAX,
  settingsFrame,
  writeFrameHeader,
  writeUint32,
} from "./frame.ts";
import { formatTimeout } from "./grpc-text.ts";
import { HeadMemory } from "./head-memory.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { ByteLink } from "./link.ts";
import { MESSAGE_PREFIX_BYTES } from "./message-reader.ts";
import { type ResponseHead, readResponseHead } from "./response-head.ts";
import type { Stream } from "./stream.ts";

const USER_AGENT = "conclave-rpc/0.1";
/** Paths whose header prefix is remembered. Count per connection. */
const REMEMBERED_PATHS = 64;

/** Who is told what becomes of a client's connection. */
export interface ClientConnectionOwner {
  /** The peer's SETTINGS came: calls may be made. */
  onReady(): void;
  /** Another call might find a place now. */
  onRoom(): void;
  /** The peer wants no more calls here; those in progress go on. */
  onDraining(reason: string): void;
  onGone(reason: string): void;
}

interface PathPrefix {
  readonly block: Buffer;
  readonly generation: number;
}

/** The client's end of a connection: calls out, answers in. */
export class ClientConnection extends Connection implements CallConnection {
  readonly endpoint: string;
  readonly #authority: string;
  readonly #owner: ClientConnectionOwner;
  readonly #prefixes = new Map<string, PathPrefix>();
  readonly #heads: HeadMemory<ResponseHead>;
  #nextStreamId = 1;
  #draining = false;
  /** Why the peer said it would go, to explain the loss of what it then drops. */
  #goAwayReason: string | null = null;

  constructor(
    link: ByteLink,
    endpoint: string,
    authority: string,
    limits: ConnectionLimits,
    context: ConnectionContext,
    owner: ClientConnectionOwner,
  ) {
    super(link, limits, context);
    this.endpoint = endpoint;
    this.#authority = authority;
    this.#owner = owner;
    this.#heads = new HeadMemory(this.decoder, readResponseHead);
    this.writer.raw(PREFACE);
    this.writer.raw(
      settingsFrame([
        [Setting.ENABLE_PUSH, 0],
        [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
        [Setting.MAX_HEADER_LIST_SIZE, limits.headerListBytesMax],
      ]),
    );
    this.openInflow();
  }

  /** Whether one more call may be made now. */
  get hasRoom(): boolean {
    return (
      this.phase === "open" &&
      this.settingsReceived &&
      !this.#draining &&
      this.streams.size < this.peerStreamsMax
    );
  }

  // ---- requests -------------------------------------------------------------------------------------------------

  /** Makes a stream of a call. Requires: `hasRoom`. */
  open(call: ClientCall): void {
    call.id = this.#nextStreamId;
    this.#nextStreamId += 2;
    call.sendWindow = this.outflow.initialStreamWindow;
    call.openedAtMs = this.heardAtMs;
    call.receiveWindow = this.limits.streamWindowBytes;
    call.reader.reset(this.limits.messageBytesMax);
    this.streams.set(call.id, call);
    call.onSent(this);
    if (this.#nextStreamId > STREAM_ID_MAX) this.#stopOpening("stream ids used up");
  }

  openUnary(call: UnaryClientCall): void {
    this.open(call);
    const block = this.#headBlock(call);
    const { request } = call;
    const bytes = request.length + MESSAGE_PREFIX_BYTES;
    if (this.outflow.fits(call, request.length) && block.length < SMALL_BLOCK_BYTES) {
      const { output } = this;
      let at = output.reserve(2 * FRAME_HEADER_BYTES + block.length + bytes);
      const out = output.bytes;
      at = writeFrameHeader(out, at, block.length, FrameType.HEADERS, Flag.END_HEADERS, call.id);
      block.copy(out, at);
      at += block.length;
      at = writeFrameHeader(out, at, bytes, FrameType.DATA, Flag.END_STREAM, call.id);
      out[at] = 0;
      at = writeUint32(out, at + 1, request.length);
      out.set(request, at);
      this.outflow.window -= bytes;
      this.endLocal(call);
      this.askFlush();
    } else {
      this.writeHeaders(call.id, false, block);
      this.sendOn(call, request);
      call.endQueued = true;
      if (call.queuedBytes === 0) this.writeEnd(call);
    }
  }

  openStream(call: ClientCall): void {
    this.open(call);
    this.writeHeaders(call.id, false, this.#headBlock(call));
    // What was queued before there was a connection goes out with its end, if the windows allow.
    this.outflow.adopt(call);
    if (call.endQueued && call.queuedBytes === 0 && !call.localClosed) this.writeEnd(call);
  }

  #headBlock(call: ClientCall): Buffer {
    const { encoder } = this;
    const { metadata } = call.options;
    const known = this.#prefixes.get(call.path);
    encoder.begin();
    if (known !== undefined && known.generation === encoder.generation) encoder.append(known.block);
    else this.#encodePrefix(call.path);
    for (const name in metadata) encoder.field(name, metadata[name]!);
    if (call.deadlineMs !== Number.POSITIVE_INFINITY) {
      encoder.passingField("grpc-timeout", formatTimeout(call.deadlineMs - this.clock.nowMs()));
    }
    return encoder.end();
  }

  #encodePrefix(path: string): void {
    const { encoder } = this;
    const before = encoder.generation;
    encoder.field(":method", "POST");
    encoder.field(":scheme", this.link.encrypted ? "https" : "http");
    encoder.field(":path", path);
    encoder.field(":authority", this.#authority);
    encoder.field("te", "trailers");
    encoder.field("content-type", "application/grpc");
    encoder.field("user-agent", USER_AGENT);
    if (encoder.generation !== before) return;
    if (this.#prefixes.size >= REMEMBERED_PATHS) this.#prefixes.clear();
    this.#prefixes.set(path, { block: Buffer.from(encoder.end()), generation: before });
  }

  sendOn(call: ClientCall, message: Uint8Array): boolean {
    this.controlBudget.earn(2);
    const writable = this.outflow.send(call, message);
    this.askFlush();
    return writable;
  }

  isWritable(call: ClientCall): boolean {
    return this.outflow.writable(call);
  }

  writeEnd(call: ClientCall): void {
    this.writer.endStream(call.id);
    this.endLocal(call);
    this.askFlush();
  }

  // ---- answers --------------------------------------------------------------------------------------------------

  /** A client's streams are its own: the server opens none, having been told that we take no push. */
  protected isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#nextStreamId;
  }

  onHeaderBlock(id: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const head = this.#heads.read(block, start, end);
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.onStrayFrame(id, "HEADERS");
      return;
    }
    if (stream.remoteClosed) {
      this.faultStream(stream, ErrorCode.STREAM_CLOSED, "HEADERS after END_STREAM");
      return;
    }
    this.controlBudget.earn(1);
    const call = stream as ClientCall;
    if (head === null) {
      const text = "response headers larger than we take";
      this.faultStream(stream, ErrorCode.ENHANCE_YOUR_CALM, text);
      return;
    }
    if (endStream) call.remoteClosed = true;
    call.onHead(head, endStream);
    if (endStream && call.id === id) this.endRemote(call);
  }

  /** An answer to a call that we gave up, mostly: the server could not know. */
  protected override onStrayFrame(id: number, what: string): void {
    if (this.isIdle(id)) {
      throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, `${what} on an idle stream`);
    }
    this.countControlFrame();
  }

  // ---- the connection -------------------------------------------------------------------------------------------

  onGoAway(lastStreamId: number, code: number, debugText: string): void {
    const said = debugText === "" ? errorCodeName(code) : `${errorCodeName(code)} ${debugText}`;
    this.#goAwayReason = `server sent GOAWAY ${said}`;
    this.#stopOpening(this.#goAwayReason);
    for (const stream of [...this.streams.values()]) {
      if (stream.id <= lastStreamId || this.streams.get(stream.id) !== stream) continue;
      this.loseStream(stream, { kind: "unseen", message: this.#goAwayReason });
    }
    this.#closeIfDone();
  }

  #stopOpening(reason: string): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#owner.onDraining(reason);
  }

  #closeIfDone(): void {
    if (this.#draining && this.streams.size === 0) this.shutDown("drained");
  }

  protected override onStreamGone(): void {
    if (this.#draining) this.#closeIfDone();
    else this.#owner.onRoom();
  }

  /** Lets calls in progress end and makes no new ones. */
  retire(): void {
    this.#stopOpening("endpoint removed");
    this.#closeIfDone();
  }

  protected onPeerSettings(): void {
    this.#owner.onReady();
  }

  protected onPeerPing(payload: Uint8Array): void {
    this.answerPing(payload);
  }

  protected onPingAck(): void {}

  /** Servers take PINGs without calls for an offence (grpc-go, etcd), so only calls are worth one. */
  protected mayProbe(): boolean {
    return this.streams.size > 0;
  }

  protected onConnectionClosed(reason: string): void {
    this.#owner.onGone(this.#goAwayReason ?? reason);
  }

  protected override onLocalEnd(_stream: Stream): void {}
}

/** Blocks above this take the long way, which can split them. */
const SMALL_BLOCK_BYTES = 8 * 1024;
