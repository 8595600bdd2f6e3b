import type { Write } from "../operations.ts";
import type { Scene } from "./worker.ts";

/** Writes of one client, each written down before it is asked for: what never gets an answer may have happened. */
export class RecordedWrites {
  readonly #client: string;
  readonly #scene: Scene;
  #count = 0;

  constructor(client: string, scene: Scene) {
    this.#client = client;
    this.#scene = scene;
  }

  /** No other write of the run has this value. */
  drawValue(): string {
    this.#count += 1;
    return `${this.#client}-${this.#count}`;
  }

  begin(kind: Write["kind"], key: string, value: string, expectedModRevision = 0): Write {
    const write: Write = {
      client: this.#client,
      kind,
      key,
      value,
      expectedModRevision,
      invokedMs: this.#scene.nowMs(),
      completedMs: Number.POSITIVE_INFINITY,
      revision: 0,
      succeeded: false,
      isRefused: false,
    };
    this.#scene.operations.writes.push(write);
    return write;
  }

  answered(write: Write, revision: number, succeeded: boolean): void {
    write.completedMs = this.#scene.nowMs();
    write.revision = revision;
    write.succeeded = succeeded;
  }
}
