import { assert } from "@conclave/base";
import type { ByteLink } from "./link.ts";

/** Size of the chunks that output is collected in: two of the largest frames we send. */
export const OUTPUT_CHUNK_BYTES = 32 * 1024;
/** Chunks kept for reuse by all connections of the process: 2 MiB. */
const POOLED_CHUNKS_MAX = 64;

const pool: Buffer[] = [];
const EMPTY = Buffer.alloc(0);

function borrowChunk(): Buffer {
  return pool.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_CHUNK_BYTES);
}

function returnChunk(chunk: Buffer): void {
  if (pool.length < POOLED_CHUNKS_MAX) pool.push(chunk);
}

/**
 * Collects what a connection has to say in chunks of a shared pool, and hands all of it to the link at once. An idle
 * connection holds none. At most one write is under way; what comes meanwhile waits here and is the next write.
 */
export class Output {
  /** The chunk being filled, from `end` on. Write only what `reserve` gave. */
  bytes: Buffer = EMPTY;
  end = 0;
  /** Bytes not yet taken by the link, those of the write under way included. */
  bufferedBytes = 0;
  /** Bytes ever handed to the link. */
  writtenBytes = 0;

  readonly #link: ByteLink;
  #full: Buffer[] = [];
  /** Chunks that the link reads from, while a write is under way. */
  #inFlight: Buffer[] = [];
  #inFlightBytes = 0;
  #closed = false;

  constructor(link: ByteLink) {
    this.#link = link;
  }

  /** Takes `length` bytes of {@link bytes} for the caller to fill, at the position returned. */
  reserve(length: number): number {
    assert(length <= OUTPUT_CHUNK_BYTES, "no frame is larger than an output chunk");
    let at = this.end;
    if (at + length > this.bytes.length) {
      if (at > 0) this.#full.push(this.bytes.subarray(0, at));
      this.bytes = borrowChunk();
      at = 0;
    }
    this.end = at + length;
    this.bufferedBytes += length;
    return at;
  }

  get writing(): boolean {
    return this.#inFlight.length > 0;
  }

  /** Hands everything collected to the link, unless it is still busy with the write before. */
  flush(): void {
    if (this.#closed || this.#inFlight.length > 0 || this.bufferedBytes === 0) return;
    const chunks = this.#full;
    if (this.end > 0) chunks.push(this.bytes.subarray(0, this.end));
    this.bytes = EMPTY;
    this.end = 0;
    this.#full = [];
    this.#inFlight = chunks;
    this.#inFlightBytes = this.bufferedBytes;
    this.writtenBytes += this.bufferedBytes;
    if (this.#link.write(chunks)) this.onWritten();
  }

  /** The link is done with the write under way. */
  onWritten(): void {
    for (const chunk of this.#inFlight) returnChunk(wholeChunk(chunk));
    this.#inFlight = [];
    this.bufferedBytes -= this.#inFlightBytes;
    this.#inFlightBytes = 0;
  }

  /** Drops what was not written. The chunks of a write under way are left to the garbage collector. */
  close(): void {
    this.#closed = true;
    for (const chunk of this.#full) returnChunk(wholeChunk(chunk));
    if (this.bytes !== EMPTY) returnChunk(this.bytes);
    this.#full = [];
    this.#inFlight = [];
    this.bytes = EMPTY;
    this.end = 0;
    this.bufferedBytes = 0;
    this.#inFlightBytes = 0;
  }
}

function wholeChunk(view: Buffer): Buffer {
  if (view.length === OUTPUT_CHUNK_BYTES) return view;
  return Buffer.from(view.buffer, view.byteOffset, OUTPUT_CHUNK_BYTES);
}
