import { Status, type StatusCode } from "./status.ts";

/** Octets before each message: one flag, four of length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const MESSAGE_PREFIX_BYTES = 5;
/** A longer message is given room as it arrives, so that a prefix alone cannot claim much memory. */
const FIRST_ROOM_BYTES = 64 * 1024;

/** Takes the messages that a {@link MessageReader} finds. */
export interface MessageSink {
  /** A view, valid until this returns; with `owned` it is the receiver's for good. */
  onMessage(message: Buffer, owned: boolean): void;
  /** The peer sent what we cannot take; no further message follows. */
  onBadMessage(code: StatusCode, text: string): void;
}

/** Cuts the DATA of one stream into messages. A message that lies whole in one frame is not copied. */
export class MessageReader {
  bytesMax = 0;
  /** `grpc-encoding` of the peer, null if it named none. Only decides how a compressed message is refused. */
  encoding: string | null = null;
  /** Set to read no further; what comes is dropped. */
  stopped = false;

  #prefixBytes = 0;
  #flag = 0;
  #length = 0;
  #body: Buffer | null = null;
  #filled = 0;

  reset(bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.encoding = null;
    this.stopped = false;
    this.#prefixBytes = 0;
    this.#body = null;
  }

  /** Whether the bytes so far end inside a message. */
  get insideMessage(): boolean {
    return this.#prefixBytes > 0;
  }

  read(bytes: Buffer, start: number, end: number, sink: MessageSink): void {
    let at = start;
    while (at < end && !this.stopped) {
      if (this.#body !== null) {
        at = this.#fill(bytes, at, end, sink);
        continue;
      }
      at = this.#prefix(bytes, at, end);
      if (this.#prefixBytes < MESSAGE_PREFIX_BYTES) return;
      if (!this.#accept(sink)) return;
      const messageEnd = at + this.#length;
      if (messageEnd <= end) {
        this.#prefixBytes = 0;
        sink.onMessage(bytes.subarray(at, messageEnd), false);
        at = messageEnd;
      } else {
        this.#body = Buffer.allocUnsafe(Math.min(this.#length, FIRST_ROOM_BYTES));
        this.#filled = 0;
      }
    }
  }

  #prefix(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#prefixBytes === 0) {
      this.#flag = bytes[at]!;
      this.#length = 0;
      this.#prefixBytes = 1;
      at += 1;
    }
    while (this.#prefixBytes < MESSAGE_PREFIX_BYTES && at < end) {
      this.#length = this.#length * 256 + bytes[at]!;
      this.#prefixBytes += 1;
      at += 1;
    }
    return at;
  }

  #accept(sink: MessageSink): boolean {
    if (this.#flag === 0 && this.#length <= this.bytesMax) return true;
    this.stopped = true;
    if (this.#flag > 1) {
      sink.onBadMessage(Status.INTERNAL, `grpc: received unexpected payload format ${this.#flag}`);
    } else if (this.#flag === 0) {
      sink.onBadMessage(
        Status.RESOURCE_EXHAUSTED,
        `grpc: received message larger than max (${this.#length} vs. ${this.bytesMax})`,
      );
    } else if (this.encoding === null || this.encoding === "identity") {
      const text = "grpc: compressed flag set with identity or empty encoding";
      sink.onBadMessage(Status.INTERNAL, text);
    } else {
      const text = `grpc: Decompressor is not installed for grpc-encoding "${this.encoding}"`;
      sink.onBadMessage(Status.UNIMPLEMENTED, text);
    }
    return false;
  }

  /** Copies into the body of a message that spans frames; hands it over once it is whole. */
  #fill(bytes: Buffer, at: number, end: number, sink: MessageSink): number {
    let body = this.#body!;
    const taken = Math.min(end - at, this.#length - this.#filled);
    if (this.#filled + taken > body.length) {
      const room = Math.min(this.#length, Math.max(body.length * 2, this.#filled + taken));
      const grown = Buffer.allocUnsafe(room);
      body.copy(grown, 0, 0, this.#filled);
      body = grown;
      this.#body = grown;
    }
    bytes.copy(body, this.#filled, at, at + taken);
    this.#filled += taken;
    if (this.#filled === this.#length) {
      this.#body = null;
      this.#prefixBytes = 0;
      sink.onMessage(body.length === this.#length ? body : body.subarray(0, this.#length), true);
    }
    return at + taken;
  }
}
