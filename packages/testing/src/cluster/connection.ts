import { assert, type VirtualClock } from "@conclave/base";
import type { ByteLink, LinkReceiver } from "@conclave/rpc";

/** What is on its way on one connection before its writer has to wait: a socket's send buffer. Bytes. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024;

/** What a connection asks of the network it runs over. */
export interface Wires {
  readonly clock: VirtualClock;
  isCut(from: string, to: string): boolean;
  isStopped(machine: string): boolean;
  whenRunning(machine: string, callback: () => void): void;
  /** How long a chunk between two machines takes, drawn. Milliseconds. */
  drawTransitMs(from: string, to: string): number;
  delivered(from: string, to: string, bytes: number): void;
  forget(connection: Connection): void;
}

export interface Place {
  /** What a crash ends; for a member its machine's name, too. */
  readonly process: string;
  readonly machine: string;
}

export class Connection {
  readonly ends: readonly [Socket, Socket];
  readonly #network: Wires;

  constructor(network: Wires, here: Place, there: Place) {
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

  /** As {@link Network.resetLate}. @returns whether it was such a connection */
  resetLate(from: string, to: string, lateMs: number): boolean {
    const near = this.ends.find(({ place }) => place.machine === from);
    const far = this.ends.find(({ place }) => place.machine === to);
    if (near === undefined || far === undefined || near.isClosed || far.isClosed) return false;
    far.delayArrivals(lateMs);
    near.break("connection reset");
    return true;
  }

  onHealed(): void {
    for (const end of this.ends) if (end.hasArriving) end.deliverLater();
  }

  onEndClosed(): void {
    if (this.ends.every((end) => end.isClosed)) this.#network.forget(this);
  }
}

type Arrival =
  | { readonly kind: "bytes"; dueMs: number; readonly chunk: Buffer }
  | { readonly kind: "end" | "reset"; dueMs: number };

/** One end of a connection. */
class Socket implements ByteLink {
  readonly peer = { remoteAddress: "simulated", remotePort: 1, certificateName: null };
  readonly encrypted = false;
  readonly place: Place;
  other!: Socket;
  readonly #network: Wires;
  readonly #connection: Connection;
  #receiver: LinkReceiver | null = null;
  readonly #arriving: Arrival[] = [];
  #arrivingBytes = 0;
  #lastDueMs = 0;
  #isPaused = false;
  #doesOtherWait = false;
  isClosed = false;

  constructor(network: Wires, connection: Connection, place: Place) {
    this.#network = network;
    this.#connection = connection;
    this.place = place;
  }

  start(receiver: LinkReceiver): void {
    assert(this.#receiver === null, "a link is started once");
    this.#receiver = receiver;
    if (this.hasArriving) this.deliverLater();
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
    if (this.hasArriving) this.deliverLater();
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

  /** Everything that is under way to here comes later, and what follows it. */
  delayArrivals(byMs: number): void {
    const { clock } = this.#network;
    for (const arrival of this.#arriving) {
      arrival.dueMs += byMs;
      clock.setTimer(arrival.dueMs - clock.nowMs(), () => this.#deliver());
    }
    this.#lastDueMs = Math.max(this.#lastDueMs, clock.nowMs()) + byMs;
  }

  get hasArriving(): boolean {
    return this.#arriving.length > 0;
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
