import { nextBelow, type Prng } from "@conclave/base";
import {
  type CallOptions,
  type CallStatus,
  type ClientStream,
  type ClientStreamHandler,
  Status,
  type StatusCode,
  type UnaryCallback,
} from "@conclave/rpc";
import type { ClosableCaller } from "../../packages/client/src/transport/transport.ts";

/** What may become of a call. `hang`: nothing, until its time is over or its signal aborts. */
const FATES = [
  "pass",
  "pass",
  "pass",
  "lose-request",
  "lose-answer",
  "hang",
  "hang-after",
] as const;
const STREAM_FATES = ["pass", "pass", "hang", "break"] as const;
/** Longest wait before a loss is told, ms. */
const LOSS_DELAY_MAX_MS = 30;

/** A real caller whose calls get lost, hang and break as the seed wills, and keep their deadlines all the same. */
export class WaywardCaller implements ClosableCaller {
  readonly #inner: ClosableCaller;
  readonly #prng: Prng;
  isOrderly = false;

  constructor(inner: ClosableCaller, prng: Prng) {
    this.#inner = inner;
    this.#prng = prng;
  }

  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void {
    const fate = this.isOrderly ? "pass" : FATES[nextBelow(this.#prng, FATES.length)]!;
    const lost = () => this.#soon(() => callback(statusOf(Status.UNAVAILABLE, "lost", sent), null));
    const sent = fate !== "lose-request";
    if (fate === "pass") this.#inner.unary(path, request, options, callback);
    if (fate === "lose-request") lost();
    if (fate === "lose-answer") this.#inner.unary(path, request, options, lost);
    if (fate === "hang") hang(options, callback);
    if (fate === "hang-after") {
      this.#inner.unary(path, request, options, () => {});
      hang(options, callback);
    }
  }

  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream {
    const fate = this.isOrderly
      ? "pass"
      : STREAM_FATES[nextBelow(this.#prng, STREAM_FATES.length)]!;
    let isDeaf = fate === "hang";
    const stream = this.#inner.stream(path, options, {
      ...handler,
      onMessage: (message) => {
        if (!isDeaf) handler.onMessage(message);
      },
      onEnd: (status) => {
        if (!isDeaf || status.code === Status.CANCELLED) handler.onEnd(status);
      },
    });
    if (fate === "break") {
      this.#soon(() => {
        isDeaf = true;
        stream.cancel();
        handler.onEnd(statusOf(Status.UNAVAILABLE, "lost", true));
      });
    }
    return stream;
  }

  close(): void {
    this.#inner.close();
  }

  #soon(callback: () => void): void {
    setTimeout(callback, nextBelow(this.#prng, LOSS_DELAY_MAX_MS));
  }
}

/** Ends by deadline or signal alone, as the contract of a caller demands. */
function hang({ timeoutMs, signal }: CallOptions, callback: UnaryCallback): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (code: StatusCode, message: string) => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    callback(statusOf(code, message, true), null);
  };
  const onAbort = () => end(Status.CANCELLED, "cancelled by the caller");
  signal?.addEventListener("abort", onAbort);
  if (timeoutMs === undefined) return;
  timer = setTimeout(() => end(Status.DEADLINE_EXCEEDED, "context deadline exceeded"), timeoutMs);
}

function statusOf(code: StatusCode, message: string, mayHaveReachedServer: boolean): CallStatus {
  const trailers = { get: () => undefined, entries: () => new Map<string, string>().entries() };
  return { code, message, trailers, mayHaveReachedServer, endpoint: null };
}
