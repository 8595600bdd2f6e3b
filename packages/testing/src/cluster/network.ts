import { assert, nextBelow, nextChance, type Prng, type VirtualClock } from "@conclave/base";
import type { ByteLink, Dial, LinkReceiver, RpcServer } from "@conclave/rpc";

/** What is on its way on one connection before its writer has to wait: a socket's send buffer. Bytes. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024;

export interface NetworkSpeed {
  /** A chunk takes from 0 to this long, drawn for each. Milliseconds. */
  readonly delayMsMax: number;
}

interface Host {
  readonly server: RpcServer;
}

/**
 * Connections as TCP makes them: bytes arrive in order, or the connection breaks. While a direction is cut nothing
 * arrives and nobody is told; when it heals, what was under way arrives, unless the connection was reset meanwhile.
 */
export class Network {
  readonly #clock: VirtualClock;
  readonly #prng: Prng;
  readonly #speed: NetworkSpeed;
  readonly #hosts = new Map<string, Host>();
  readonly #slownessMs = new Map<string, number>();
  /** What stopped machines missed so far, by machine. Bounded by what is open on them. */
  readonly #stopped = new Map<string, (() => void)[]>();
  /** "from>to" */
  readonly #cuts = new Set<string>();
  readonly #connections = new Set<Connection>();
  readonly #onDelivery: (from: string, to: string, bytes: number) => void;

  constructor(options: {
    clock: VirtualClock;
    prng: Prng;
    speed: NetworkSpeed;
    /** Told of everything that arrives: the run's trace. */
    onDelivery: (from: string, to: string, bytes: number) => void;
  }) {
    this.#clock = options.clock;
    this.#prng = options.prng;
    this.#speed = options.speed;
    this.#onDelivery = options.onDelivery;
  }

  listen(host: string, server: RpcServer): void {
    this.#hosts.set(host, { server });
  }

  /** A process ends: what connections it had are reset, as far as that can be heard. */
  kill(process: string): void {
    for (const connection of [...this.#connections]) connection.killProcess(process);
  }

  closePort(host: string): void {
    this.#hosts.delete(host);
  }

  /** Nothing that `from` sends reaches `to` any more. The other way is not touched. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  heal(): void {
    this.#cuts.clear();
    for (const connection of [...this.#connections]) connection.onHealed();
  }

  /** Breaks connections, each with the given probability. @returns how many */
  reset(probability: number): number {
    let count = 0;
    for (const connection of [...this.#connections]) {
      if (!nextChance(this.#prng, probability)) continue;
      connection.reset();
      count += 1;
    }
    return count;
  }

  /** Breaks every connection of one process. */
  resetOf(process: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.ends.some(({ place }) => place.process === process)) connection.reset();
    }
  }

  /** What `machine` sends and is sent takes so much longer from now on. Milliseconds. */
  slowDown(machine: string, byMs: number): void {
    this.#slownessMs.set(machine, byMs);
  }

  /** A stopped process hears nothing until it goes on; then it hears everything. */
  stop(machine: string): void {
    this.#stopped.set(machine, this.#stopped.get(machine) ?? []);
  }

  goOn(machine: string): void {
    const missed = this.#stopped.get(machine) ?? [];
    this.#stopped.delete(machine);
    for (const callback of missed) this.#clock.setTimer(0, callback);
    for (const connection of [...this.#connections]) connection.onHealed();
  }

  isStopped(machine: string): boolean {
    return this.#stopped.has(machine);
  }

  /** Now, or when `machine` goes on. */
  whenRunning(machine: string, callback: () => void): void {
    const missed = this.#stopped.get(machine);
    if (missed === undefined) callback();
    else missed.push(() => this.whenRunning(machine, callback));
  }

  /** How `process` at `machine` reaches the listener `host` at machine `to`. */
  dialer(process: string, machine: string, to: string, host: string): Dial {
    return (_target, result) => {
      let isGivenUp = false;
      this.#clock.setTimer(this.drawDelayMs(), () => {
        // Without an answer from the other side, the dialer's own timeout ends the attempt.
        if (isGivenUp || this.isCut(machine, to) || this.isCut(to, machine)) return;
        if (this.isStopped(machine)) return; // Late, by the dialer's own timeout.
        const listener = this.#hosts.get(host);
        if (listener === undefined) {
          result.onFailed("connection refused", true);
          return;
        }
        const connection = new Connection(this, { process, machine }, { process: to, machine: to });
        this.#connections.add(connection);
        listener.server.acceptLink(connection.ends[1]);
        result.onLink(connection.ends[0]);
      });
      return () => {
        isGivenUp = true;
      };
    };
  }

  drawDelayMs(): number {
    return nextBelow(this.#prng, this.#speed.delayMsMax * 4 + 1) / 4;
  }

  /** How long a chunk between two machines takes, drawn. Milliseconds. */
  drawTransitMs(from: string, to: string): number {
    return this.drawDelayMs() + (this.#slownessMs.get(from) ?? 0) + (this.#slownessMs.get(to) ?? 0);
  }

  get clock(): VirtualClock {
    return this.#clock;
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  delivered(from: string, to: string, bytes: number): void {
    this.#onDelivery(from, to, bytes);
  }
}

interface Place {
  /** What a crash ends; for a member its machine's name, too. */
  readonly process: string;
  readonly machine: string;
}

class Connection {
  readonly ends: readonly [Socket, Socket];
  readonly #network: Network;

  constructor(network: Network, here: Place, there: Place) {
    this.#network = network;
    this.ends = [new Socket(network, this, here), new Socket(network, this, there)];
    this.ends[0].other = this.ends[1];
    this.ends[1].other = this.ends[0];
  }

  killProcess(process: string): void {
    for (const end of this.ends) if (end.place.process === process) end.die();
  }

  reset(): void {
    for (const end of this.ends) end.break("connection reset");
  }

  onHealed(): void {
    for (const end of this.ends) end.deliverLater();
  }

  onEndClosed(): void {
    if (this.ends.every((end) => end.isClosed)) this.#network.forget(this);
  }
}

type Arrival =
  | { readonly kind: "bytes"; readonly dueMs: number; readonly chunk: Buffer }
  | { readonly kind: "end" | "reset"; readonly dueMs: number };

/** One end of a connection. */
class Socket implements ByteLink {
  readonly peer = { remoteAddress: "simulated", remotePort: 1, certificateName: null };
  readonly encrypted = false;
  readonly place: Place;
  other!: Socket;
  readonly #network: Network;
  readonly #connection: Connection;
  #receiver: LinkReceiver | null = null;
  readonly #arriving: Arrival[] = [];
  #arrivingBytes = 0;
  #lastDueMs = 0;
  #isPaused = false;
  #doesOtherWait = false;
  isClosed = false;

  constructor(network: Network, connection: Connection, place: Place) {
    this.#network = network;
    this.#connection = connection;
    this.place = place;
  }

  start(receiver: LinkReceiver): void {
    assert(this.#receiver === null, "a link is started once");
    this.#receiver = receiver;
    this.deliverLater();
  }

  write(chunks: readonly Buffer[]): boolean {
    if (this.isClosed) return true;
    const chunk = Buffer.concat(chunks);
    this.other.#arrivingBytes += chunk.length;
    this.#sendToOther({ kind: "bytes", chunk });
    if (this.other.#arrivingBytes <= IN_FLIGHT_BYTES_MAX) return true;
    this.other.#doesOtherWait = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.deliverLater();
  }

  end(): void {
    if (!this.isClosed) this.#sendToOther({ kind: "end" });
  }

  destroy(): void {
    if (this.isClosed) return;
    this.#sendToOther({ kind: "reset" });
    this.#close(null);
  }

  /** Its process is gone: nobody here is told, and the other end hears of it if it can. */
  die(): void {
    if (this.isClosed) return;
    this.#sendToOther({ kind: "reset" });
    this.isClosed = true;
    this.#receiver = null;
    this.#connection.onEndClosed();
  }

  break(reason: string): void {
    if (!this.isClosed) this.#close(new Error(reason));
  }

  #sendToOther(
    arrival:
      | { readonly kind: "bytes"; readonly chunk: Buffer }
      | { readonly kind: "end" | "reset" },
  ): void {
    const { other } = this;
    const dueMs = Math.max(
      other.#lastDueMs,
      this.#network.clock.nowMs() +
        this.#network.drawTransitMs(this.place.machine, other.place.machine),
    );
    other.#lastDueMs = dueMs;
    other.#arriving.push({ ...arrival, dueMs });
    this.#network.clock.setTimer(dueMs - this.#network.clock.nowMs(), () => other.#deliver());
  }

  deliverLater(): void {
    this.#network.clock.setTimer(0, () => this.#deliver());
  }

  #deliver(): void {
    const from = this.other.place.machine;
    const to = this.place.machine;
    const nowMs = this.#network.clock.nowMs();
    if (this.#network.isStopped(to)) return;
    while (!this.isClosed && this.#receiver !== null && !this.#network.isCut(from, to)) {
      const next = this.#arriving[0];
      if (next === undefined || next.dueMs > nowMs) return;
      if (this.#isPaused && next.kind !== "reset") return;
      this.#arriving.shift();
      if (next.kind === "bytes") this.#onBytes(next.chunk);
      else this.#close(next.kind === "end" ? null : new Error("connection reset by peer"));
    }
  }

  #onBytes(chunk: Buffer): void {
    this.#arrivingBytes -= chunk.length;
    this.#network.delivered(this.other.place.machine, this.place.machine, chunk.length);
    this.#receiver?.onBytes(chunk);
    if (!this.#doesOtherWait || this.#arrivingBytes > 0) return;
    this.#doesOtherWait = false;
    const { other } = this;
    if (!other.isClosed) other.#soon(() => other.#receiver?.onWritten());
  }

  /** The receiver hears of it in a turn of its own. */
  #close(cause: Error | null): void {
    this.isClosed = true;
    this.#connection.onEndClosed();
    const receiver = this.#receiver;
    this.#soon(() => receiver?.onClosed(cause));
    if (!this.other.isClosed) this.#sendToOther({ kind: "reset" });
  }

  /** In a turn of its own, unless its process is stopped: then, when that goes on. */
  #soon(callback: () => void): void {
    this.#network.clock.setTimer(0, () => this.#network.whenRunning(this.place.machine, callback));
  }
}
