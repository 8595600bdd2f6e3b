import { nextBelow, nextChance, type Prng, type VirtualClock } from "@conclave/base";
import type { Dial, RpcServer } from "@conclave/rpc";
import { Connection, type Wires } from "./connection.ts";

/** A lost packet is sent again after this, then after twice that: TCP's retransmission timeout. Milliseconds. */
const RETRANSMIT_MS = 200;
const RETRANSMITS_MAX = 4;

export interface NetworkSpeed {
  /** A chunk takes from 0 to this long, drawn for each. Milliseconds. */
  readonly delayMsMax: number;
}

interface Host {
  readonly server: RpcServer;
}

/** How one direction between two machines is disturbed. */
export interface LinkWeather {
  readonly delayMs: number;
  /** Of a packet. TCP sends it again, so it is late, and everything behind it. */
  readonly lossProbability: number;
}

/**
 * Connections as TCP makes them: bytes arrive in order, or the connection breaks. While a direction is cut nothing
 * arrives and nobody is told; when it heals, what was under way arrives, unless the connection was reset meanwhile.
 */
export class Network implements Wires {
  readonly #clock: VirtualClock;
  readonly #prng: Prng;
  readonly #speed: NetworkSpeed;
  readonly #hosts = new Map<string, Host>();
  readonly #slownessMs = new Map<string, number>();
  /** By "from>to": what a chunk takes longer, and how likely its first packet is lost. */
  readonly #weather = new Map<string, LinkWeather>();
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

  /** What `from` sends to `to` arrives again, and what was under way. */
  uncut(from: string, to: string): void {
    if (!this.#cuts.delete(`${from}>${to}`)) return;
    for (const connection of [...this.#connections]) connection.onHealed();
  }

  /** Null: as the network's speed has it. */
  setWeather(from: string, to: string, weather: LinkWeather | null): void {
    if (weather === null) this.#weather.delete(`${from}>${to}`);
    else this.#weather.set(`${from}>${to}`, weather);
  }

  clearWeather(): void {
    this.#weather.clear();
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

  /**
   * Breaks connections between two machines for `from` at once, while `to` hears nothing yet: what was under way to it
   * arrives, and the end after it, only `lateMs` from now. Until then `to` takes it for a living connection, and reads
   * old messages after those of the next one. More TCP does not allow: in one connection, nothing is lost, doubled or
   * out of order. @returns how many
   */
  resetLate(from: string, to: string, lateMs: number): number {
    let count = 0;
    for (const connection of [...this.#connections]) {
      if (connection.resetLate(from, to, lateMs)) count += 1;
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
        // The kernel of a stopped process connects in its name; it accepts when it goes on.
        this.whenRunning(to, () => {
          if (!connection.ends[1].isClosed) listener.server.acceptLink(connection.ends[1]);
        });
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

  drawTransitMs(from: string, to: string): number {
    const slowMs = (this.#slownessMs.get(from) ?? 0) + (this.#slownessMs.get(to) ?? 0);
    return this.drawDelayMs() + slowMs + this.#drawWeatherMs(from, to);
  }

  #drawWeatherMs(from: string, to: string): number {
    const weather = this.#weather.get(`${from}>${to}`);
    if (weather === undefined) return 0;
    let lateMs = weather.delayMs;
    for (let lost = 0; lost < RETRANSMITS_MAX; lost += 1) {
      if (!nextChance(this.#prng, weather.lossProbability)) break;
      lateMs += RETRANSMIT_MS * 2 ** lost;
    }
    return lateMs;
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
