import { RawConnection } from "./raw-connection.ts";

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  /** Message with its prefix. */
  readonly bytes: number;
}

/** Unary calls on one raw connection, as many at a time as one likes. */
export class RawCaller implements Disposable {
  readonly connection: RawConnection;
  readonly #waiting = new Map<number, { bytes: number; resolve: (answer: RawAnswer) => void }>();

  private constructor(connection: RawConnection) {
    this.connection = connection;
    void connection.closed.then(() => {
      for (const [id] of this.#waiting) this.onEnd(id, -1, "connection closed");
    });
  }

  static async open(port: number): Promise<RawCaller> {
    let caller: RawCaller | undefined;
    const connection = await RawConnection.open(port, {
      onData: (id, payload) => caller?.onData(id, payload),
      onEnd: (id, status, text) => caller?.onEnd(id, status, text),
    });
    caller = new RawCaller(connection);
    return caller;
  }

  call(path: string, body: Uint8Array): Promise<RawAnswer> {
    const { id, bytes } = this.connection.call(path, body);
    this.connection.write(bytes);
    return new Promise((resolve) => this.#waiting.set(id, { bytes: 0, resolve }));
  }

  onData(id: number, payload: Buffer): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.bytes += payload.length;
  }

  onEnd(id: number, status: number, text: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve({ status, text, bytes: waiting.bytes });
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
  }
}
