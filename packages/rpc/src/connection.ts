import { assert, type Clock, type Timer } from "@conclave/base";
import { Backpressure } from "./backpressure.ts";
import { ConnectionFault, ErrorCode } from "./error-code.ts";
import { Outflow } from "./flow.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackEncoder } from "./hpack-encoder.ts";
import { Inflow } from "./inflow.ts";
import { Keepalive, type KeepaliveTarget } from "./keepalive.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { ByteLink, LinkReceiver } from "./link.ts";
import { Output } from "./output.ts";
import { ResetLedger } from "./reset-ledger.ts";
import { applySettings } from "./settings.ts";
import type { Stream, StreamLoss } from "./stream.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { AtTurnEnd } from "./turn.ts";

/** Resets of older streams are no sign of an attack: they cannot come faster than streams may be open. ms */
const RAPID_RESET_MS = 1_000;
const KEEPALIVE_PING = Buffer.from("alive?\0\0", "latin1");
/** How long a peer may take to close its side after GOAWAY. ms */
const LINGER_MS = 1_000;
/** Output that does not wait for the end of the turn: it is worth a write of its own. */
const EARLY_FLUSH_BYTES = 128 * 1024;
/** Octets written late for which the peer may send one control frame: two windows, each widened by 4 KiB at a time. */
const CONTROLLED_BYTES = 2 * 1024;

export interface ConnectionContext {
  readonly clock: Clock;
  readonly atTurnEnd: AtTurnEnd;
}

/**
 * One HTTP/2 connection, what both ends have in common: frames in, windows, control frames, streams, frames out. A
 * fault of the peer never leaves this class: it becomes GOAWAY or RST_STREAM. What a call's own code throws does.
 *
 * Phases: "open"; "closing" after GOAWAY for a fault, when nothing that comes matters any more; "closed".
 */
export abstract class Connection implements LinkReceiver {
  readonly link: ByteLink;
  readonly output: Output;
  readonly writer: FrameWriter;
  readonly outflow: Outflow;
  readonly encoder = new HpackEncoder();
  phase: "open" | "closing" | "closed" = "open";
  /** The peer's SETTINGS_MAX_CONCURRENT_STREAMS. */
  peerStreamsMax = Number.POSITIVE_INFINITY;
  /** When the peer was last heard. Monotonic ms. */
  heardAtMs: number;

  protected readonly frames: FrameReader;
  protected readonly clock: Clock;
  protected readonly limits: ConnectionLimits;
  protected readonly decoder: HpackDecoder;
  protected readonly streams = new Map<number, Stream>();
  protected readonly resets: ResetLedger;
  readonly controlBudget: TokenBucket;
  /** Highest stream id that the peer opened. */
  protected lastPeerStreamId = 0;
  /** Pieces of the peer's bytes read until now. Count. */
  protected reads = 0;
  protected settingsReceived = false;

  readonly #atTurnEnd: AtTurnEnd;
  readonly #keepalive: Keepalive;
  readonly #backpressure: Backpressure;
  readonly #pauses = new Set<"output" | "intake">();
  #turnEndAsked = false;
  /** Octets written late for which control frames were allowed already. */
  #earnedBytes = 0;
  readonly #inflow: Inflow;
  /** Streams answered while the peer was still sending; reset at the end of the turn if it still is. */
  readonly #answeredEarly: number[] = [];
  #handshakeTimer: Timer | null;
  #closeTimer: Timer | null = null;

  constructor(link: ByteLink, limits: ConnectionLimits, context: ConnectionContext) {
    this.link = link;
    this.limits = limits;
    this.clock = context.clock;
    this.#atTurnEnd = context.atTurnEnd;
    this.output = new Output(link);
    this.writer = new FrameWriter(this.output);
    this.outflow = new Outflow(this.output, limits);
    this.decoder = new HpackDecoder(limits);
    this.resets = new ResetLedger(limits.resets, context.clock);
    this.controlBudget = new TokenBucket(limits.controlFrames, context.clock);
    this.frames = new FrameReader(this, limits);
    this.#inflow = new Inflow(this.writer, limits);
    this.heardAtMs = context.clock.nowMs();
    this.#backpressure = new Backpressure(this, limits, context.clock, () =>
      this.destroy("the peer does not read"),
    );
    this.#keepalive = new Keepalive(this.#keepaliveTarget(), limits, context.clock);
    this.#handshakeTimer = context.clock.setTimer(limits.handshakeTimeoutMs, () => {
      this.#handshakeTimer = null;
      this.fail(ErrorCode.SETTINGS_TIMEOUT, "no SETTINGS in time");
    });
  }

  #keepaliveTarget(): KeepaliveTarget {
    const connection = this;
    return {
      get heardAtMs() {
        return connection.heardAtMs;
      },
      get mayProbe() {
        return connection.mayProbe() && !connection.#backpressure.paused;
      },
      sendProbe() {
        connection.writer.ping(false, KEEPALIVE_PING);
        connection.askFlush();
      },
      onSilence() {
        connection.destroy("keepalive: no answer to PING");
      },
    };
  }

  get streamCount(): number {
    return this.streams.size;
  }

  // ---- bytes in -------------------------------------------------------------------------------------------------

  onBytes(chunk: Buffer): void {
    if (this.phase !== "open") return;
    this.heardAtMs = this.clock.nowMs();
    this.read(chunk);
  }

  read(chunk: Buffer): void {
    if (this.phase !== "open") return;
    this.reads += 1;
    try {
      this.frames.read(chunk);
      if (this.outflow.hasSenders) this.askFlush();
      this.outflow.wakeStopped();
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      this.fail(error.code, error.message);
    }
  }

  /** What the peer sends meanwhile waits in the kernel, until no reason is left. */
  pauseReading(reason: "output" | "intake"): void {
    if (this.#pauses.size === 0) this.link.pause();
    this.#pauses.add(reason);
  }

  resumeReading(reason: "output" | "intake"): void {
    if (this.#pauses.delete(reason) && this.#pauses.size === 0) this.link.resume();
  }

  onData(
    id: number,
    endStream: boolean,
    flowBytes: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.#inflow.consume(flowBytes)) this.askFlush();
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.onStrayFrame(id, "DATA");
    } else if (stream.remoteClosed) {
      this.faultStream(stream, ErrorCode.STREAM_CLOSED, "DATA after END_STREAM");
    } else if (stream.receiveWindow < flowBytes) {
      this.faultStream(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA beyond the window");
    } else {
      stream.receiveWindow -= flowBytes;
      stream.consumedBytes += flowBytes;
      if (end > start) this.controlBudget.earn(2);
      else if (!endStream) this.countControlFrame();
      this.#onBody(stream, id, endStream, bytes, start, end);
    }
  }

  #onBody(
    stream: Stream,
    id: number,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (stream.bodyBytesLeft >= 0) {
      stream.bodyBytesLeft -= end - start;
      if (stream.bodyBytesLeft < 0 || (endStream && stream.bodyBytesLeft > 0)) {
        const message = "body of another length than content-length";
        this.faultStream(stream, ErrorCode.PROTOCOL_ERROR, message);
        return;
      }
    }
    if (endStream) stream.remoteClosed = true;
    if (end > start) stream.reader.read(bytes, start, end, stream);
    // The call may have ended meanwhile, and its record may be free.
    if (stream.id !== id) return;
    if (endStream) this.endRemote(stream);
    else if (!stream.paused) this.giveBackWindow(stream);
  }

  /** The peer is done with a stream that is still in the map. */
  protected endRemote(stream: Stream): void {
    const { id } = stream;
    stream.remoteClosed = true;
    stream.onRemoteEnd();
    if (stream.id === id && stream.localClosed) this.#finish(stream);
  }

  giveBackWindow(stream: Stream): void {
    if (this.#inflow.giveBack(stream)) this.askFlush();
  }

  /**
   * A frame for a stream that is not in the map. Idle: the peer made it up. Reset by us a moment ago: it could not know.
   * Otherwise it was closed by the peer itself (RFC 9113 5.1).
   */
  protected onStrayFrame(id: number, what: string): void {
    if (this.isIdle(id)) {
      throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, `${what} on an idle stream`);
    }
    if (this.resets.has(id)) return;
    this.resets.charge();
    this.#writeReset(id, ErrorCode.STREAM_CLOSED);
  }

  // ---- control frames -------------------------------------------------------------------------------------------

  countControlFrame(): void {
    if (this.controlBudget.take()) return;
    this.#earnByLateData();
    if (this.controlBudget.take()) return;
    throw new ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many control frames");
  }

  /** A peer may widen both windows for each piece that it has read, but not for each octet (CVE-2019-9511). */
  #earnByLateData(): void {
    const earned = Math.floor(
      (this.outflow.writtenLateBytes - this.#earnedBytes) / CONTROLLED_BYTES,
    );
    this.#earnedBytes += earned * CONTROLLED_BYTES;
    this.controlBudget.earn(earned);
  }

  onReset(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id)) {
        throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, "RST_STREAM on an idle stream");
      }
      this.countControlFrame();
      return;
    }
    // etcd's clients renew a lease once by a stream that they reset when it was answered, thousands of times a second.
    const hasSeenAnswer = stream.isAnswered && this.reads > stream.openedAtRead;
    const isYoung = this.heardAtMs - stream.openedAtMs < RAPID_RESET_MS;
    if (isYoung && !hasSeenAnswer) this.resets.charge();
    this.#lose(stream, { kind: "reset", code });
  }

  onWindowUpdate(id: number, increment: number): void {
    this.countControlFrame();
    if (id === 0) {
      if (increment === 0) {
        throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      }
      this.outflow.widen(increment);
      return;
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (!this.isIdle(id)) return;
      throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE on an idle stream");
    }
    if (increment === 0) {
      this.faultStream(stream, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    } else if (!this.outflow.widenStream(stream, increment)) {
      this.faultStream(stream, ErrorCode.FLOW_CONTROL_ERROR, "stream window above 2^31-1");
    }
  }

  onSettings(bytes: Buffer, start: number, end: number): void {
    this.countControlFrame();
    applySettings(this, this.streams.values(), bytes, start, end);
    if (!this.settingsReceived) {
      this.settingsReceived = true;
      this.#handshakeTimer?.cancel();
      this.#handshakeTimer = null;
      this.#keepalive.start();
    }
    this.writer.settingsAck();
    this.askFlush();
    this.onPeerSettings();
  }

  onPing(ack: boolean, bytes: Buffer, start: number): void {
    if (ack) {
      this.onPingAck(bytes, start);
      return;
    }
    this.countControlFrame();
    this.onPeerPing(bytes.subarray(start, start + 8));
  }

  protected answerPing(payload: Uint8Array): void {
    if (this.phase !== "open") return;
    this.writer.ping(true, payload);
    this.askFlush();
  }

  // ---- what differs between the two ends ------------------------------------------------------------------------

  /** A whole header block. The decoder must see it, whatever becomes of its stream. */
  abstract onHeaderBlock(
    id: number,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void;
  abstract onGoAway(lastStreamId: number, code: number, debugText: string): void;
  protected abstract isIdle(id: number): boolean;
  protected abstract onPeerSettings(): void;
  /** It is to be answered with {@link answerPing}. */
  protected abstract onPeerPing(payload: Uint8Array): void;
  protected abstract onPingAck(bytes: Buffer, start: number): void;
  /** Whether silence is to be answered with a PING just now. */
  protected abstract mayProbe(): boolean;
  /** The link is gone and all streams are lost. The last call. */
  protected abstract onConnectionClosed(reason: string): void;

  // ---- frames out -----------------------------------------------------------------------------------------------

  writeHeaders(id: number, endStream: boolean, block: Buffer): void {
    this.writer.headers(id, endStream, block);
    this.askFlush();
  }

  /** Closes our side after END_STREAM was written. */
  endLocal(stream: Stream): void {
    assert(!stream.localClosed, "a side closes once");
    stream.localClosed = true;
    if (stream.remoteClosed) this.#finish(stream);
    else this.onLocalEnd(stream);
  }

  protected onLocalEnd(_stream: Stream): void {}

  /** The answer is complete: a peer that still sends is told to stop (RFC 9113 8.1). */
  protected resetIfStillOpen(stream: Stream): void {
    this.#answeredEarly.push(stream.id);
  }

  /** Abandons a stream of ours; nothing is reported to its call. */
  abandon(stream: Stream, code: ErrorCode): void {
    if (stream.id === 0 || this.streams.get(stream.id) !== stream) return;
    this.#resetNow(stream, code);
    stream.localClosed = true;
    stream.remoteClosed = true;
    this.#finish(stream);
  }

  /** A stream error (RFC 9113 5.4.2): the peer broke the protocol on this stream only. */
  faultStream(stream: Stream, code: ErrorCode, message: string): void {
    this.resets.charge();
    this.#resetNow(stream, code);
    this.#lose(stream, { kind: "fault", code, message });
  }

  /** The same for a stream that has no record. */
  protected refuse(id: number, code: ErrorCode): void {
    this.resets.charge();
    this.resets.remember(id);
    this.#writeReset(id, code);
  }

  /** An answer was given to a stream without a record, whose request may go on. */
  protected resetUnseen(id: number): void {
    this.resets.remember(id);
    this.#writeReset(id, ErrorCode.NO_ERROR);
  }

  /** Part of the first flight. */
  protected openInflow(): void {
    this.#inflow.open();
    this.askFlush();
  }

  #resetNow(stream: Stream, code: ErrorCode): void {
    this.resets.remember(stream.id);
    this.#writeReset(stream.id, code);
  }

  #writeReset(id: number, code: ErrorCode): void {
    this.writer.reset(id, code);
    this.askFlush();
  }

  // ---- the end of a turn ----------------------------------------------------------------------------------------

  /** Has everything written this turn leave at its end, in one write. */
  askFlush(): void {
    if (this.output.bufferedBytes > EARLY_FLUSH_BYTES && !this.outflow.overflowed) {
      this.output.flush();
    }
    if (this.#turnEndAsked) return;
    this.#turnEndAsked = true;
    this.#atTurnEnd(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    this.#turnEndAsked = false;
    if (this.phase !== "open") return;
    if (this.#answeredEarly.length > 0) this.#resetAnsweredEarly();
    this.beforeFlush();
    this.outflow.checkLimit();
    this.#pumpAndFlush();
    this.outflow.wakeStopped();
    if (this.phase === "open") this.#backpressure.update(this.output.bufferedBytes);
  };

  /** The last moment to write what is to leave with this turn's output. */
  protected beforeFlush(): void {}

  #resetAnsweredEarly(): void {
    for (const id of this.#answeredEarly) {
      const stream = this.streams.get(id);
      if (stream !== undefined) this.abandon(stream, ErrorCode.NO_ERROR);
    }
    this.#answeredEarly.length = 0;
  }

  /** Once a message was dropped for want of room nothing may follow it, least of all the stream's good end. */
  #pumpAndFlush(): void {
    if (this.outflow.overflowed) {
      this.#cut();
      return;
    }
    do {
      this.outflow.pump();
      this.output.flush();
    } while (!this.output.writing && this.outflow.hasSenders);
  }

  onWritten(): void {
    if (this.phase === "closed") return;
    this.output.onWritten();
    this.#backpressure.stop();
    if (this.phase === "closing") {
      this.#endLink();
      return;
    }
    this.#pumpAndFlush();
    this.outflow.wakeStopped();
    if (this.phase === "open") this.#backpressure.update(this.output.bufferedBytes);
  }

  #cut(): void {
    this.link.destroy();
    this.#close("more output waits than the peer may leave unread");
  }

  // ---- streams and the end --------------------------------------------------------------------------------------

  #finish(stream: Stream): void {
    this.streams.delete(stream.id);
    this.outflow.drop(stream);
    stream.onFinished();
    this.onStreamGone();
  }

  #lose(stream: Stream, loss: StreamLoss): void {
    this.streams.delete(stream.id);
    this.outflow.drop(stream);
    stream.localClosed = true;
    stream.remoteClosed = true;
    stream.onLost(loss);
    this.onStreamGone();
  }

  protected loseStream(stream: Stream, loss: StreamLoss): void {
    this.#lose(stream, loss);
  }

  protected onStreamGone(): void {}

  /** Ends the connection for a fault of the peer: GOAWAY, then nothing it says matters (RFC 9113 5.4.1). */
  fail(code: ErrorCode, message: string): void {
    if (this.phase !== "open") return;
    this.writer.goAway(this.lastPeerStreamId, code, message);
    this.shutDown(message);
  }

  /** Sends what is written, ends the link and all streams; the socket dies soon after, whatever the peer does. */
  protected shutDown(reason: string): void {
    if (this.phase !== "open") return;
    this.phase = "closing";
    this.#endLink();
    this.#closeTimer = this.clock.setTimer(LINGER_MS, () => this.link.destroy());
    this.#loseAll(reason);
  }

  #endLink(): void {
    this.output.flush();
    if (!this.output.writing) this.link.end();
  }

  /** Ends it at once, without a word. */
  destroy(reason: string): void {
    if (this.phase === "closed") return;
    this.link.destroy();
    this.#close(reason);
  }

  onClosed(cause: Error | null): void {
    this.#close(cause === null ? "connection closed" : cause.message);
  }

  #close(reason: string): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.output.close();
    this.#handshakeTimer?.cancel();
    this.#keepalive.stop();
    this.#closeTimer?.cancel();
    this.#backpressure.stop();
    this.#loseAll(reason);
    this.onConnectionClosed(reason);
  }

  #loseAll(reason: string): void {
    for (const stream of [...this.streams.values()]) {
      if (this.streams.get(stream.id) !== stream) continue;
      this.#lose(stream, { kind: "disconnected", message: reason });
    }
  }
}
