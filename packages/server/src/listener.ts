import type { Server, Socket } from "node:net";
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

/** Listens on one address. Connections wait until {@link serve} says what to do with them. */
export class Listener {
  readonly #url: EndpointUrl;
  readonly #server: Server;
  #handlers: ConnectionHandlers | null = null;
  #early: { readonly socket: Socket; readonly accept: (to: ConnectionHandlers) => void }[] = [];

  private constructor(url: EndpointUrl, clock: Clock) {
    this.#url = url;
    this.#server = createPort({
      clock,
      onHttp2: (socket, firstBytes) => {
        this.#accept(socket, (handlers) => handlers.onHttp2(socket, firstBytes));
      },
      onHttp1: (socket) => this.#accept(socket, (handlers) => handlers.onHttp1(socket)),
    });
  }

  /** @throws the error of listen: EADDRINUSE, EACCES, EADDRNOTAVAIL */
  static listen(url: EndpointUrl, clock: Clock): Promise<Listener> {
    const listener = new Listener(url, clock);
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
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    for (const { socket, accept } of early) if (!socket.destroyed) accept(handlers);
  }

  #accept(socket: Socket, accept: (to: ConnectionHandlers) => void): void {
    if (this.#handlers !== null) accept(this.#handlers);
    else if (this.#early.length < EARLY_CONNECTIONS_MAX) this.#early.push({ socket, accept });
    else socket.destroy();
  }

  /** Takes no more connections; those there are belong to whoever serves them. */
  close(): void {
    this.#server.close();
    for (const { socket } of this.#early) socket.destroy();
    this.#early = [];
  }
}

/** A URL's text, with the port filled in where it was left to the system. */
export function withPort(url: EndpointUrl, port: number): string {
  return url.port === 0 ? url.text.replace(/:0$/, `:${port}`) : url.text;
}
