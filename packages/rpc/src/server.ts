import type { Socket } from "node:net";
import { assert, type Clock, systemClock } from "@conclave/base";
import type { StreamOpener, UnaryHandler } from "./call.ts";
import { DeadlineWheel } from "./deadlines.ts";
import { Intake } from "./intake.ts";
import { SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { type ByteLink, SocketLink } from "./link.ts";
import { UnaryServerCall } from "./server-call.ts";
import { ServerConnection } from "./server-connection.ts";
import type { Fallback, Method, ServerCore } from "./server-core.ts";
import { Status } from "./status.ts";
import { type AtTurnEnd, eventLoopTurn } from "./turn.ts";

export interface RpcServerOptions {
  /** Limits that differ from SERVER_LIMITS. */
  readonly limits?: Partial<ServerLimits>;
  /** Default: the machine's monotonic clock. */
  readonly clock?: Clock;
  /** When output collected in a turn leaves. Default: at the end of each turn of node's event loop. */
  readonly atTurnEnd?: AtTurnEnd;
}

/**
 * A gRPC server for sockets that others accept. Handlers run inside the socket's event; what they throw is a bug and
 * is not caught here.
 */
export class RpcServer implements ServerCore {
  readonly limits: ServerLimits;
  readonly methods = new Map<string, Method>();
  readonly deadlines: DeadlineWheel;
  readonly intake: Intake;
  /** Called for paths that nobody registered. Default: UNIMPLEMENTED, naming the service or method as grpc-go does. */
  fallback: Fallback = (path) => this.#unimplemented(path);

  readonly #clock: Clock;
  readonly #atTurnEnd: AtTurnEnd;
  readonly #services = new Set<string>();
  readonly #connections = new Set<ServerConnection>();
  readonly #freeCalls: UnaryServerCall[] = [];
  #phase: "serving" | "draining" | "closed" = "serving";
  #onIdle: (() => void)[] = [];

  constructor(options: RpcServerOptions = {}) {
    this.limits = { ...SERVER_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock();
    this.#atTurnEnd = options.atTurnEnd ?? eventLoopTurn();
    this.deadlines = new DeadlineWheel(this.#clock);
    this.intake = new Intake(this.limits.turnIntakeBytesMax, this.#atTurnEnd);
  }

  /** Registers a unary method: `path` is `/package.Service/Method`. */
  unary(path: string, handler: UnaryHandler): this {
    return this.#register(path, { kind: "unary", handler });
  }

  /** Registers a method with a stream in either direction. */
  stream(path: string, opener: StreamOpener): this {
    return this.#register(path, { kind: "stream", opener });
  }

  #register(path: string, method: Method): this {
    const match = /^\/([^/]+)\/[^/]+$/.exec(path);
    if (match === null) throw new TypeError(`not a method path: ${path}`);
    assert(!this.methods.has(path), "a method is registered once");
    this.methods.set(path, method);
    this.#services.add(match[1]!);
    return this;
  }

  #unimplemented(path: string): ReturnType<Fallback> {
    const slash = path.lastIndexOf("/");
    const service = path.slice(path.startsWith("/") ? 1 : 0, slash);
    const code = Status.UNIMPLEMENTED;
    if (slash < 0) return { code, message: `malformed method name: "${path}"` };
    if (!this.#services.has(service)) return { code, message: `unknown service ${service}` };
    const method = path.slice(slash + 1);
    return { code, message: `unknown method ${method} for service ${service}` };
  }

  /**
   * Serves HTTP/2 on a socket that was accepted, by TCP, TLS or otherwise. `firstBytes` is what was already read
   * from it. Over `connectionsMax`, or once the server drains, the socket is destroyed.
   */
  acceptSocket(socket: Socket, firstBytes?: Uint8Array): void {
    this.acceptLink(new SocketLink(socket), firstBytes);
  }

  acceptLink(link: ByteLink, firstBytes?: Uint8Array): void {
    if (this.#phase !== "serving" || this.#connections.size >= this.limits.connectionsMax) {
      link.destroy();
      return;
    }
    const context = { clock: this.#clock, atTurnEnd: this.#atTurnEnd };
    const connection = new ServerConnection(link, this, context, this.#onGone);
    this.#connections.add(connection);
    link.start(connection);
    if (firstBytes !== undefined && firstBytes.length > 0) {
      connection.onBytes(Buffer.from(firstBytes));
    }
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Calls in progress on all connections. */
  get callCount(): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.streamCount;
    return count;
  }

  /**
   * Takes no more connections, tells clients to go elsewhere, and resolves when the last call is over and the last
   * connection gone. Calls that never end must be ended by their handlers, or by `close`.
   */
  drain(): Promise<void> {
    if (this.#phase === "serving") this.#phase = "draining";
    for (const connection of [...this.#connections]) connection.drain();
    return new Promise((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#onIdle.push(resolve);
    });
  }

  /** Ends every connection now; calls in progress are cancelled. */
  close(): void {
    this.#phase = "closed";
    for (const connection of [...this.#connections]) connection.destroy("server closed");
  }

  takeUnaryCall(): UnaryServerCall {
    return this.#freeCalls.pop() ?? new UnaryServerCall(this.#freeCalls);
  }

  readonly #onGone = (connection: ServerConnection): void => {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    if (this.#phase !== "serving") this.deadlines.rest();
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  };
}

export function createRpcServer(options: RpcServerOptions = {}): RpcServer {
  return new RpcServer(options);
}
