/** A lease as its session knows it when its first time was granted. */
export interface LeaseToKeep {
  readonly leaseId: bigint;
  /** When the grant was sent, monotonic ms. */
  readonly sentAtMs: number;
  /** As granted. */
  readonly ttlMs: number;
  /** A renewal has to be acknowledged this long before the lease's end. */
  readonly marginMs: number;
}

/** An acknowledged renewal: the server restarted the lease's time after `sentAtMs`. */
export interface Renewal {
  /** Monotonic ms. */
  readonly sentAtMs: number;
  readonly ttlMs: number;
  /** From when it was due until it was acknowledged, whichever attempt that was. ms. */
  readonly tookMs: number;
}

/** What a session is told. */
export interface KeepAliveListener {
  /** There is something to {@link KeepAlive.takeNews}. */
  onNews(): void;
  /** A renewal is late, or withheld. May come several times until the next is acknowledged. */
  onLate(): void;
  /** The server says that the lease is gone. Last. */
  onGone(): void;
}

/** The effort to keep one lease alive. It never gives up by itself: its owner stops it at the deadline. */
export interface KeepAlive {
  /**
   * The last renewal that was acknowledged since the last look, also by another thread while this one was busy;
   * `"stalled"` if this thread was silent for longer than it may be, so that the lease is renewed no more.
   */
  takeNews(): Renewal | "stalled" | null;
  /** Renews at once, unless a renewal is under way. */
  renewNow(): void;
  stop(): void;
}

export type StartKeepAlive = (lease: LeaseToKeep, listener: KeepAliveListener) => KeepAlive;
