import type { ClosableCaller } from "../../packages/client/src/transport/transport.ts";

type Unary = Parameters<ClosableCaller["unary"]>;
type Stream = Parameters<ClosableCaller["stream"]>;

/** A real caller whose unary calls a test can keep from leaving, or their answers from arriving, for a while. */
export class HeldCaller implements ClosableCaller {
  readonly #inner: ClosableCaller;
  #held: (() => void)[] | null = null;
  #holds: "requests" | "answers" = "requests";
  #path = "";

  constructor(inner: ClosableCaller) {
    this.#inner = inner;
  }

  /** How many are held now. */
  get heldCount(): number {
    return this.#held?.length ?? 0;
  }

  /** From now on holds what belongs to calls of `path`. */
  hold(what: "requests" | "answers", path: string): void {
    this.#held = [];
    this.#holds = what;
    this.#path = path;
  }

  /** Lets everything go that was held, and holds no more. */
  letGo(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  unary(...[path, request, options, callback]: Unary): void {
    const send = (then: Unary[3]) => this.#inner.unary(path, request, options, then);
    if (this.#held === null || path !== this.#path) {
      send(callback);
      return;
    }
    if (this.#holds === "requests") {
      const bytes = request.slice(); // Its buffer is used again before it leaves.
      this.#held.push(() => this.#inner.unary(path, bytes, options, callback));
      return;
    }
    send((status, response) => {
      const answer = response?.slice() ?? null;
      const deliver = () => callback(status, answer as typeof response);
      if (this.#held === null) deliver();
      else this.#held.push(deliver);
    });
  }

  stream(...call: Stream) {
    return this.#inner.stream(...call);
  }

  close(): void {
    this.#inner.close();
  }
}
