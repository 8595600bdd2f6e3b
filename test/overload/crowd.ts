import { KV, PutRequest } from "@conclave/wire";
import { RawConnection } from "./raw-connection.ts";

/** How the calls of a crowd ended. */
export interface CrowdOutcome {
  readonly ok: number;
  /** By text. */
  readonly refused: Readonly<Record<string, number>>;
}

/**
 * Connections that each keep as many puts under way as they may, and ask the next as soon as one is answered: whatever the
 * server can carry, they want more.
 */
export class Crowd implements Disposable {
  readonly connections: RawConnection[] = [];
  #ok = 0;
  readonly #refused: Record<string, number> = {};
  #isOver = false;

  static async gather(
    port: number,
    size: number,
    each: number,
    valueBytes: number,
  ): Promise<Crowd> {
    const crowd = new Crowd();
    const value = Buffer.alloc(valueBytes, "v");
    for (let at = 0; at < size; at++) {
      const body = PutRequest.encode({ key: Buffer.from(`crowd/${at}`), value });
      let waiting = 0;
      const ask = (): void => {
        if (crowd.#isOver || connection.isClosed) return;
        const calls: Buffer[] = [];
        for (; waiting < each; waiting++) calls.push(connection.call(KV.Put.path, body).bytes);
        if (calls.length > 0) connection.write(...calls);
      };
      let isAsking = false;
      const connection = await RawConnection.open(port, {
        onEnd: (_id, status, text) => {
          waiting -= 1;
          if (status === 0) crowd.#ok += 1;
          else crowd.#refused[text] = (crowd.#refused[text] ?? 0) + 1;
          if (isAsking) return;
          isAsking = true;
          setImmediate(() => {
            isAsking = false;
            ask();
          });
        },
      });
      crowd.connections.push(connection);
      ask();
    }
    return crowd;
  }

  get outcome(): CrowdOutcome {
    return { ok: this.#ok, refused: this.#refused };
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const connection of this.connections) connection[Symbol.dispose]();
  }
}
