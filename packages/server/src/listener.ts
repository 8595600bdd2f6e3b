import { createServer, type Server, type Socket } from "node:net";
import type { EndpointUrl } from "./config.ts";

/** Connections that come before the member is ready to serve them. Count. */
const EARLY_CONNECTIONS_MAX = 1_000;

/** Listens on one address. Connections wait until {@link serve} says what to do with them. */
export class Listener {
  readonly #server: Server;
  readonly #url: EndpointUrl;
  #accept: ((socket: Socket) => void) | null = null;
  #early: Socket[] = [];

  private constructor(server: Server, url: EndpointUrl) {
    this.#server = server;
    this.#url = url;
    server.on("connection", (socket) => {
      if (this.#accept !== null) this.#accept(socket);
      else if (this.#early.length < EARLY_CONNECTIONS_MAX) this.#early.push(socket);
      else socket.destroy();
    });
  }

  /** @throws the error of listen: EADDRINUSE, EACCES, EADDRNOTAVAIL */
  static listen(url: EndpointUrl): Promise<Listener> {
    const server = createServer({ noDelay: true, pauseOnConnect: true });
    const listener = new Listener(server, url);
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

  serve(accept: (socket: Socket) => void): void {
    this.#accept = (socket) => {
      socket.on("error", () => {}); // 'close' follows; whoever owns the socket looks at that
      socket.resume();
      accept(socket);
    };
    for (const socket of this.#early) this.#accept(socket);
    this.#early = [];
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
