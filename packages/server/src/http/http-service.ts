import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { EtcdVersion } from "../config/etcd-version.ts";
import type { Logger } from "../observe/logger.ts";
import type { MetricsRegistry } from "../observe/metrics.ts";
import { type HttpAnswer, type HttpQuestion, textAnswer } from "./answer.ts";
import { answerHealth, answerProbe, type HealthSource, probePaths } from "./health.ts";
import { HostCheck, misdirectedText } from "./host-check.ts";
import { answerVersion } from "./version.ts";

/** How much a client of the HTTP/1 side may take. */
export interface HttpLimits {
  /** Milliseconds for a request's headers to arrive whole. */
  readonly headersTimeoutMs: number;
  /** Milliseconds for a whole request to arrive. */
  readonly requestTimeoutMs: number;
  /** Milliseconds a health check may wait for a read before it counts as failed. */
  readonly answerTimeoutMs: number;
  /** Milliseconds a connection may be idle between requests. */
  readonly idleTimeoutMs: number;
  /** Bytes of all headers of a request. */
  readonly headerBytesMax: number;
  /** Connections at once; more are closed on arrival. */
  readonly connectionsMax: number;
}

export const defaultHttpLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  answerTimeoutMs: 7_000, // etcd's request timeout: 5 s and two election timeouts
  idleTimeoutMs: 60_000,
  headerBytesMax: 16 * 1024,
  connectionsMax: 1_000,
};

export interface HttpServiceOptions {
  readonly health: HealthSource;
  readonly version: EtcdVersion;
  /** Whether the cluster has agreed on its version: true once a leader's term began. */
  readonly isClusterVersionDecided: () => boolean;
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
  /** Names that plain HTTP answers to, besides localhost and any address: those advertised, say. */
  readonly hostNames: readonly string[];
  readonly limits?: HttpLimits;
}

type Endpoint = (question: HttpQuestion) => HttpAnswer | Promise<HttpAnswer>;

/**
 * The HTTP/1 side of a client port: health, probes, version and metrics. It does not listen: whoever
 * owns the port looks at the first bytes and hands over sockets that do not speak HTTP/2.
 */
export class HttpService {
  readonly #server: Server;
  readonly #limits: HttpLimits;
  readonly #hostCheck: HostCheck;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #logger: Logger;
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  constructor(options: HttpServiceOptions) {
    this.#limits = options.limits ?? defaultHttpLimits;
    this.#hostCheck = new HostCheck(options.hostNames);
    this.#endpoints = endpointsOf(options);
    this.#logger = options.logger;
    this.#server = createServer(
      {
        headersTimeout: this.#limits.headersTimeoutMs,
        requestTimeout: this.#limits.requestTimeoutMs,
        keepAliveTimeout: this.#limits.idleTimeoutMs,
        maxHeaderSize: this.#limits.headerBytesMax,
        // How often node looks for requests that take too long.
        connectionsCheckingInterval: Math.min(1_000, this.#limits.headersTimeoutMs),
      },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.timeout = this.#limits.idleTimeoutMs;
    // Node starts to watch over slow requests when it begins to listen, which this server never does.
    this.#server.emit("listening");
  }

  /** Takes over a connection. `received` are bytes already read from it. */
  accept(socket: Socket, received?: Uint8Array): void {
    if (this.#isClosed || this.#sockets.size >= this.#limits.connectionsMax) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#server.emit("connection", socket);
    if (received !== undefined && received.length > 0) socket.unshift(received);
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** Ends all connections and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answerTo(request, response);
    if (response.destroyed) return;
    response.writeHead(answer.status, {
      "Content-Type": answer.contentType,
      "Content-Length": Buffer.byteLength(answer.body),
      ...answer.headers,
      // A body that came along is not read, so the connection cannot carry another request.
      ...(hasBody(request) ? { Connection: "close" } : {}),
    });
    response.end(answer.body);
    if (answer.status === 503) {
      this.#logger.warn("health check failed", { path: request.url ?? "", reason: answer.body });
    }
  }

  async #answerTo(request: IncomingMessage, response: ServerResponse): Promise<HttpAnswer> {
    const { host } = request.headers;
    if (!this.#hostCheck.allows(host)) {
      this.#logger.warn("refused a request for an unknown host name", { host });
      return textAnswer(421, misdirectedText(host ?? ""));
    }
    const [path = "", query = ""] = splitOnce(request.url ?? "", "?");
    const endpoint = this.#endpoints.get(path);
    if (endpoint === undefined) return textAnswer(404, "404 page not found\n");
    if (request.method !== "GET") {
      return textAnswer(405, "Method Not Allowed\n", { Allow: "GET" });
    }
    const signal = this.#signalFor(response);
    try {
      return await endpoint({ query: new URLSearchParams(query), signal });
    } catch (error) {
      this.#logger.error("an HTTP endpoint failed", { path, error: error as Error });
      return textAnswer(500, "Internal Server Error\n");
    }
  }

  #signalFor(response: ServerResponse): AbortSignal {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    return AbortSignal.any([gone.signal, AbortSignal.timeout(this.#limits.answerTimeoutMs)]);
  }
}

function endpointsOf(options: HttpServiceOptions): Map<string, Endpoint> {
  const { health, version, metrics } = options;
  const endpoints = new Map<string, Endpoint>([
    ["/health", (question) => answerHealth(health, question)],
    ["/version", () => answerVersion(version, options.isClusterVersionDecided())],
    ["/metrics", () => answerMetrics(metrics)],
  ]);
  for (const [path, names] of probePaths) {
    endpoints.set(path, (question) => answerProbe(health, names, question));
  }
  return endpoints;
}

function answerMetrics(metrics: MetricsRegistry): HttpAnswer {
  const contentType = "text/plain; version=0.0.4; charset=utf-8";
  return { status: 200, contentType, body: metrics.render() };
}

function hasBody(request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

function splitOnce(text: string, separator: string): [string, string] {
  const position = text.indexOf(separator);
  if (position === -1) return [text, ""];
  return [text.slice(0, position), text.slice(position + separator.length)];
}
