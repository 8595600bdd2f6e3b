import { type Channel, createChannel } from "@conclave/rpc";

/** How a call ended: 0 is good. */
export interface CallEnd {
  readonly status: number;
  readonly text: string;
}

/** Unary calls of any size, by a client that keeps to flow control. */
export class ChannelCaller implements Disposable {
  readonly #channel: Channel;

  constructor(port: number) {
    this.#channel = createChannel({ endpoints: [`127.0.0.1:${port}`] });
  }

  call(path: string, body: Uint8Array): Promise<CallEnd> {
    return new Promise((resolve) => {
      this.#channel.unary(path, body, { waitForReady: true }, ({ code, message }) =>
        resolve({ status: code, text: message }),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

interface AnyCaller {
  call(path: string, body: Uint8Array): Promise<CallEnd>;
}

/** Many calls, at most so many at a time. @throws Error at the first that is refused */
export async function callAll(
  caller: AnyCaller,
  path: string,
  bodies: Iterable<Uint8Array>,
  atOnce = 500,
): Promise<void> {
  const source = bodies[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = source.next(); !next.done; next = source.next()) {
      const { status, text } = await caller.call(path, next.value);
      if (status !== 0) throw new Error(`${path}: ${status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
