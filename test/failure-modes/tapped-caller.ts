import { Status } from "@conclave/rpc";
import { statusOf } from "../../packages/client/src/testing/scripted-caller.ts";
import type { ClosableCaller } from "../../packages/client/src/transport/transport.ts";

type Unary = Parameters<ClosableCaller["unary"]>;
type Stream = Parameters<ClosableCaller["stream"]>;

/** What may be done to a message that arrived on a stream. */
export interface ArrivedMessage {
  /** The stream's method. */
  readonly path: string;
  /** Which message of its stream, from 1 on. */
  readonly number: number;
  deliver(): void;
  /** Ends the stream as a lost connection does. */
  cut(): void;
}

/** A real caller on which a test decides about each message of a stream when it arrives. */
export class TappedCaller implements ClosableCaller {
  readonly #inner: ClosableCaller;
  readonly #onMessage: (message: ArrivedMessage) => void;

  constructor(inner: ClosableCaller, onMessage: (message: ArrivedMessage) => void) {
    this.#inner = inner;
    this.#onMessage = onMessage;
  }

  unary(...call: Unary): void {
    this.#inner.unary(...call);
  }

  stream(...[path, options, handler]: Stream) {
    let number = 0;
    let isOver = false;
    const end = (status: Parameters<typeof handler.onEnd>[0]) => {
      if (!isOver) handler.onEnd(status);
      isOver = true;
    };
    const stream = this.#inner.stream(path, options, {
      ...handler,
      onMessage: (message) => {
        if (isOver) return;
        const bytes = message.slice(); // Whoever delivers it later must not find the next one in its place.
        number += 1;
        this.#onMessage({
          path,
          number,
          deliver: () => {
            if (!isOver) handler.onMessage(bytes);
          },
          cut: () => {
            stream.cancel();
            end(statusOf(Status.UNAVAILABLE, "connection lost"));
          },
        });
      },
      onEnd: end,
    });
    return stream;
  }

  close(): void {
    this.#inner.close();
  }
}
