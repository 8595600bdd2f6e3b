import {
  type CallOptions,
  type ClientStream,
  type ClientStreamHandler,
  Status,
  type UnaryCallback,
} from "@conclave/rpc";
import type { ClosableCaller } from "../transport/transport.ts";
import { statusOf } from "./scripted-caller.ts";

/** What to do to a unary call: drop it before it is sent, or drop its answer after it took effect. */
export type UnaryFault = "drop-request" | "drop-answer";

/** A real caller whose calls a test can lose, and whose streams it can cut. */
export class FaultyCaller implements ClosableCaller {
  readonly #inner: ClosableCaller;
  readonly #cuts = new Set<() => void>();
  /** Decides about each unary call by its path; undefined lets it pass. */
  faultOf: (path: string) => UnaryFault | undefined = () => undefined;
  #streamsAreCutOff = false;
  /** How many unary calls were made, by path. */
  readonly calls = new Map<string, number>();

  constructor(inner: ClosableCaller) {
    this.#inner = inner;
  }

  /** Loses the next unary call to `path`, once. */
  failNext(path: string, fault: UnaryFault): void {
    this.faultOf = (called) => {
      if (called !== path) return undefined;
      this.faultOf = () => undefined;
      return fault;
    };
  }

  /** Ends every stream as a lost connection does. */
  cutStreams(): void {
    for (const cut of [...this.#cuts]) cut();
  }

  /** Ends every stream, and every later one before anything comes through it, until {@link restoreStreams}. */
  cutOffStreams(): void {
    this.#streamsAreCutOff = true;
    this.cutStreams();
  }

  restoreStreams(): void {
    this.#streamsAreCutOff = false;
  }

  unary(path: string, request: Uint8Array, options: CallOptions, callback: UnaryCallback): void {
    this.calls.set(path, (this.calls.get(path) ?? 0) + 1);
    const fault = this.faultOf(path);
    const lose = () => callback(statusOf(Status.UNAVAILABLE, "connection lost"), null);
    if (fault === "drop-request") setImmediate(lose);
    else this.#inner.unary(path, request, options, fault === "drop-answer" ? lose : callback);
  }

  stream(path: string, options: CallOptions, handler: ClientStreamHandler): ClientStream {
    let over = false;
    const stream = this.#inner.stream(path, options, {
      ...handler,
      onMessage: (message) => {
        if (!over && !this.#streamsAreCutOff) handler.onMessage(message);
      },
      onEnd: (status) => {
        this.#cuts.delete(cut);
        if (!over) handler.onEnd(status);
        over = true;
      },
    });
    const cut = () => {
      if (over) return;
      over = true;
      stream.cancel();
      handler.onEnd(statusOf(Status.UNAVAILABLE, "connection lost"));
    };
    this.#cuts.add(cut);
    if (this.#streamsAreCutOff) setImmediate(cut);
    return stream;
  }

  close(): void {
    this.#inner.close();
  }
}
