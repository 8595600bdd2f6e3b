import { createServer, type Server, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Clock } from "@conclave/base";
import { createPort } from "@conclave/rpc";
import type { EndpointUrl } from "./config.ts";

/** What is done with connections, once it is known what they speak. */
export interface ConnectionHandlers {
  readonly onHttp2: (socket: Socket, firstBytes: Buffer) => void;
  readonly onHttp1: (socket: Socket) => void;
}

/** Connections that come before the member is ready to serve them. Count. */
const EARLY_CONNECTIONS_MAX = 1_000;

/** Listens on one address. Connections wait, unread, until {@link serve} says what to do with them. */
export class Listener {
  readonly #url: EndpointUrl;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #tls: TlsOptions | null;
  /** Tells protocols apart; does not listen itself. */
  #port: Server | null = null;
  #early: Socket[] = [];

  private constructor(url: EndpointUrl, clock: Clock, tls: TlsOptions | null) {
    this.#tls = tls;
    this.#url = url;
    this.#clock = clock;
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      socket.on("error", () => {}); // 'close' follows, and that is where it is dealt with
      if (this.#port !== null) this.#decide(socket, this.#port);
      else if (this.#early.length < EARLY_CONNECTIONS_MAX) this.#early.push(socket);
      else socket.destroy();
    });
  }

  /**
   * @param tls to serve; null for cleartext
   * @throws the error of listen: EADDRINUSE, EACCES, EADDRNOTAVAIL
   */
  static listen(url: EndpointUrl, clock: Clock, tls: TlsOptions | null = null): Promise<Listener> {
    const listener = new Listener(url, clock, tls);
    const server = listener.#server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: url.host, port: url.port }, () => {
        server.off("error", reject);
        resolve(listener);
      });
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : this.#url.port;
  }

  /** The URL with the port that listening really got. */
  get urlText(): string {
    return withPort(this.#url, this.port);
  }

  serve(handlers: ConnectionHandlers): void {
    const port = createPort({
      clock: this.#clock,
      ...handlers,
      ...(this.#tls && { tls: this.#tls }),
    });
    this.#port = port;
    const early = this.#early;
    this.#early = [];
    for (const socket of early) if (!socket.destroyed) this.#decide(socket, port);
  }

  #decide(socket: Socket, port: Server): void {
    port.emit("connection", socket);
    socket.resume();
  }

  /** Takes no more connections; those there are belong to whoever serves them. */
  close(): void {
    this.#server.close();
    for (const socket of this.#early) socket.destroy();
    this.#early = [];
  }
}

/** A URL's text, with the port filled in where it was left to the system. */
export function withPort(url: EndpointUrl, port: number): string {
  return url.port === 0 ? url.text.replace(/:0$/, `:${port}`) : url.text;
}
