import type { CallStatus, ClientStream, ClientStreamHandler } from "@conclave/rpc";

/** Octets that may wait for a token before `send` asks to stop. */
const WAITING_HIGH_WATER_BYTES = 128 * 1024;

/** A stream that may have to wait for a token, and that can be ended for the sake of another. */
export class AuthStream implements ClientStream {
  readonly #handler: ClientStreamHandler;
  #inner: ClientStream | null = null;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #halfClosed = false;
  #isPaused = false;
  #isOver = false;

  constructor(handler: ClientStreamHandler) {
    this.#handler = handler;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether it had its token. */
  get isOpen(): boolean {
    return this.#inner !== null;
  }

  get endpoint(): string | null {
    return this.#inner?.endpoint ?? null;
  }

  open(inner: ClientStream): void {
    this.#inner = inner;
    if (this.#isPaused) inner.pause();
    for (const message of this.#waiting.splice(0)) inner.send(message);
    if (this.#halfClosed) inner.halfClose();
  }

  /** Tells the handler once, last. */
  end(status: CallStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onEnd(status);
  }

  /** Ends it here and there. */
  endWith(status: CallStatus): void {
    const inner = this.#inner;
    this.end(status);
    inner?.cancel();
  }

  send(message: Uint8Array): boolean {
    if (this.#isOver || this.#halfClosed) return false;
    if (this.#inner !== null) return this.#inner.send(message);
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    return this.writable;
  }

  get writable(): boolean {
    if (this.#isOver || this.#halfClosed) return false;
    return this.#inner?.writable ?? this.#waitingBytes <= WAITING_HIGH_WATER_BYTES;
  }

  halfClose(): void {
    this.#halfClosed = true;
    this.#inner?.halfClose();
  }

  /** Before it was opened, its maker ends it. */
  cancel(): void {
    if (this.#inner !== null) this.#inner.cancel();
    else this.onCancelledEarly();
  }

  /** Set by its maker. */
  onCancelledEarly: () => void = () => {};

  pause(): void {
    this.#isPaused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#inner?.resume();
  }
}
