import { once } from "node:events";
import {
  type AddressInfo,
  createConnection,
  createServer,
  type Server,
  type Socket,
} from "node:net";

/** `up`: from the client to the server. */
export type Direction = "up" | "down";

/**
 * What happens to the connection once the bytes have passed.
 * - `reset`: both ends get a reset
 * - `black-hole`: nothing more passes in this direction, and nobody is told
 * - `half-close`: the receiver sees the orderly end of what the sender sends
 */
export type CutKind = "reset" | "black-hole" | "half-close";

export interface Cut {
  readonly direction: Direction;
  /** How many bytes still pass, counted over all connections from the moment the cut is armed. */
  readonly afterBytes: number;
  readonly kind: CutKind;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Directions in which nothing passes any more. */
  readonly silent: Set<Direction>;
}

/**
 * A network that fails at a chosen byte: a TCP relay in front of a server, which cuts one connection after exactly so many
 * bytes. Connections made later pass, unless all is silenced.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  readonly #target: { readonly host: string; readonly port: number };
  #armed: { readonly cut: Cut; bytesLeft: number; readonly onCut: () => void } | null = null;
  #isSilent = false;
  /** Where it listens. */
  endpoint = "";
  /** Bytes passed since the last {@link arm} or {@link count}. */
  readonly passed: Record<Direction, number> = { up: 0, down: 0 };

  private constructor(target: string) {
    const [host = "", port] = target.split(":");
    this.#target = { host, port: Number(port) };
    this.#listener = createServer({ allowHalfOpen: true }, (client) => this.#onConnection(client));
  }

  /**
   * @param target `host:port` of the server
   * @param path of a unix socket to listen on instead of a free port
   */
  static async start(target: string, path?: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    if (path === undefined) proxy.#listener.listen(0, "127.0.0.1");
    else proxy.#listener.listen(path);
    await once(proxy.#listener, "listening");
    const address = proxy.#listener.address() as AddressInfo;
    proxy.endpoint = path === undefined ? `127.0.0.1:${address.port}` : `unix://${path}`;
    return proxy;
  }

  /** Connections there are. */
  get open(): number {
    return this.#pairs.size;
  }

  /** `onCut` is called once the cut is made. */
  arm(cut: Cut, onCut: () => void = () => {}): void {
    this.count();
    this.#armed = { cut, bytesLeft: cut.afterBytes, onCut };
  }

  disarm(): void {
    this.#armed = null;
  }

  /** Counts {@link passed} from here. */
  count(): void {
    this.passed.up = 0;
    this.passed.down = 0;
  }

  /** Nothing passes any more in either direction, on any connection, until {@link speak}. */
  silence(): void {
    this.#isSilent = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  speak(): void {
    this.#isSilent = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Resets every connection there is. */
  resetAll(): void {
    for (const pair of [...this.#pairs]) this.#reset(pair);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    if (this.#listener.listening) await once(this.#listener, "close");
  }

  #onConnection(client: Socket): void {
    const server = createConnection({ ...this.#target, allowHalfOpen: true });
    const pair: Pair = { client, server, silent: new Set() };
    this.#pairs.add(pair);
    this.#relay(pair, "up", client, server);
    this.#relay(pair, "down", server, client);
    if (this.#isSilent) {
      client.pause();
      server.pause();
    }
  }

  #relay(pair: Pair, direction: Direction, from: Socket, to: Socket): void {
    from.setNoDelay(true);
    from.on("data", (bytes: Buffer) => this.#onBytes(pair, direction, to, bytes));
    from.on("end", () => {
      if (!pair.silent.has(direction)) to.end();
    });
    from.on("error", () => {});
    from.on("close", (hadError) => {
      this.#pairs.delete(pair);
      // What was sent before an orderly end still arrives.
      if (hadError || !to.writableEnded) to.destroy();
    });
  }

  #onBytes(pair: Pair, direction: Direction, to: Socket, bytes: Buffer): void {
    if (pair.silent.has(direction)) return;
    const armed = this.#armed?.cut.direction === direction ? this.#armed : null;
    if (armed === null || bytes.length < armed.bytesLeft) {
      if (armed !== null) armed.bytesLeft -= bytes.length;
      this.passed[direction] += bytes.length;
      to.write(bytes);
      return;
    }
    this.#armed = null;
    armed.onCut();
    this.passed[direction] += armed.bytesLeft;
    pair.silent.add(direction);
    const last = bytes.subarray(0, armed.bytesLeft);
    const cut = () => this.#cut(pair, to, armed.cut.kind);
    if (last.length === 0) cut();
    else to.write(last, cut);
  }

  #cut(pair: Pair, to: Socket, kind: CutKind): void {
    if (kind === "reset") this.#reset(pair);
    if (kind === "half-close") to.end();
  }

  #reset(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}
