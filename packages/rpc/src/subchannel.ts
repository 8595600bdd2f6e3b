import type { Clock, Prng, Timer } from "@conclave/base";
import { type BackoffOptions, backoffMs } from "./backoff.ts";
import { ClientConnection } from "./client-connection.ts";
import type { Dial } from "./dial.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { ByteLink } from "./link.ts";
import type { Target } from "./target.ts";
import type { AtTurnEnd } from "./turn.ts";

export interface SubchannelContext {
  readonly clock: Clock;
  readonly atTurnEnd: AtTurnEnd;
  readonly prng: Prng;
  readonly dial: Dial;
  readonly limits: ConnectionLimits;
  readonly backoff: BackoffOptions;
  /** Time for a socket to be connected, TLS included. ms */
  readonly connectTimeoutMs: number;
}

export interface SubchannelOwner {
  /** A call that waits might find a place now. */
  onRoom(): void;
  /** An attempt to connect failed, or a connection was lost. */
  onTrouble(): void;
}

type State = "idle" | "connecting" | "ready" | "waiting" | "closed";

/** One endpoint of a channel: keeps one connection to it, from its first use until it is closed. */
export class Subchannel {
  readonly target: Target;
  readonly #context: SubchannelContext;
  readonly #owner: SubchannelOwner;
  #state: State = "idle";
  #connection: ClientConnection | null = null;
  /** All that were made and are not gone: one that drains lives on beside its successor. */
  readonly #connections = new Set<ClientConnection>();
  #failure: string | null = null;
  #failuresInRow = 0;
  #readyAtMs = 0;
  #timer: Timer | null = null;
  #stopDialling: (() => void) | null = null;

  constructor(target: Target, context: SubchannelContext, owner: SubchannelOwner) {
    this.target = target;
    this.#context = context;
    this.#owner = owner;
  }

  get state(): State {
    return this.#state;
  }

  /** Why the last attempt failed; null while there is none, or since a connection was ready. */
  get failure(): string | null {
    return this.#failure;
  }

  /** The connection to make calls on, null unless ready. */
  get connection(): ClientConnection | null {
    return this.#state === "ready" ? this.#connection : null;
  }

  /** Starts to connect, unless that was started before. */
  connect(): void {
    if (this.#state === "idle") this.#attempt();
  }

  #attempt(): void {
    const { clock, connectTimeoutMs, dial } = this.#context;
    this.#state = "connecting";
    this.#timer = clock.setTimer(connectTimeoutMs, () => {
      this.#stopDialling?.();
      this.#onFailed(`not connected within ${connectTimeoutMs} ms`);
    });
    this.#stopDialling = dial(this.target, {
      onLink: (link) => this.#onLink(link),
      onFailed: (reason) => this.#onFailed(reason),
    });
  }

  #onLink(link: ByteLink): void {
    const { limits } = this.#context;
    this.#stopTimers();
    const { endpoint, authority } = this.target;
    const connection: ClientConnection = new ClientConnection(
      link,
      endpoint,
      authority,
      limits,
      this.#context,
      {
        onReady: () => this.#onReady(connection),
        onRoom: () => this.#owner.onRoom(),
        onDraining: (reason) => this.#onGone(connection, reason),
        onGone: (reason) => {
          this.#connections.delete(connection);
          this.#onGone(connection, reason);
        },
      },
    );
    this.#connection = connection;
    this.#connections.add(connection);
    link.start(connection);
  }

  #onReady(connection: ClientConnection): void {
    if (this.#connection !== connection || this.#state !== "connecting") return;
    this.#state = "ready";
    this.#failure = null;
    this.#readyAtMs = this.#context.clock.nowMs();
    this.#owner.onRoom();
  }

  /** The connection takes no more calls. One that served for a while is replaced at once, others after a wait. */
  #onGone(connection: ClientConnection, reason: string): void {
    if (this.#connection !== connection || this.#state === "closed") return;
    this.#connection = null;
    const servedMs = this.#context.clock.nowMs() - this.#readyAtMs;
    const served = this.#state === "ready" && servedMs >= this.#context.backoff.initialMs;
    if (!served) {
      this.#onFailed(reason);
      return;
    }
    this.#failuresInRow = 0;
    this.#attempt();
    this.#owner.onTrouble();
  }

  #onFailed(reason: string): void {
    if (this.#state === "closed") return;
    const { backoff, clock, prng } = this.#context;
    this.#stopTimers();
    this.#state = "waiting";
    this.#failure = reason;
    this.#failuresInRow += 1;
    this.#timer = clock.setTimer(backoffMs(backoff, this.#failuresInRow, prng), () => {
      this.#timer = null;
      this.#attempt();
    });
    this.#owner.onTrouble();
  }

  #stopTimers(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#stopDialling = null;
  }

  /** Makes no more calls here; those in progress end in their own time. */
  retire(): void {
    this.#stop();
    for (const connection of [...this.#connections]) connection.retire();
  }

  /** Ends everything now. */
  close(reason: string): void {
    this.#stop();
    for (const connection of [...this.#connections]) connection.destroy(reason);
  }

  #stop(): void {
    this.#state = "closed";
    this.#stopDialling?.();
    this.#stopTimers();
  }
}
