import type { AtTurnEnd } from "./turn.ts";

/** Who gets its bytes when it is their turn. */
export interface IntakeReader {
  /** Takes a chunk in. */
  read(chunk: Buffer): void;
  /** Stops or goes on reading from the peer, for this reason. */
  pauseReading(reason: "intake"): void;
  resumeReading(reason: "intake"): void;
}

/** Chunks no longer than this never wait: a heartbeat, a keep-alive, a lone request. Bytes. */
const SMALL_BYTES_MAX = 1_024;

/**
 * What all connections of a server may bring in, in one turn of the event loop. A crowd that sends more waits for the next
 * turn, in order of arrival and with its sockets held back: turns stay short, and whoever asks for little is served
 * in each of them. Holds one chunk of a socket for each connection that waits, rarely two.
 */
export class Intake {
  readonly #bytesPerTurn: number;
  readonly #atTurnEnd: AtTurnEnd;
  #leftBytes: number;
  /** First in, first out. Those of one connection stay in order. */
  #waiting: { readonly reader: IntakeReader; readonly chunk: Buffer }[] = [];
  /** How many chunks of each waiting reader. */
  readonly #counts = new Map<IntakeReader, number>();
  #isAsked = false;

  constructor(bytesPerTurn: number, atTurnEnd: AtTurnEnd) {
    this.#bytesPerTurn = bytesPerTurn;
    this.#leftBytes = bytesPerTurn;
    this.#atTurnEnd = atTurnEnd;
  }

  /** Readers that wait. */
  get waitingCount(): number {
    return this.#counts.size;
  }

  /** Gives the chunk to its reader: at once, or in a later turn. */
  admit(reader: IntakeReader, chunk: Buffer): void {
    const isSmall = chunk.length <= SMALL_BYTES_MAX;
    if (this.#counts.size > 0 && this.#counts.has(reader)) this.#wait(reader, chunk);
    else if (isSmall || this.#leftBytes > 0) this.#take(reader, chunk);
    else {
      reader.pauseReading("intake");
      this.#wait(reader, chunk);
    }
  }

  /** Forgets what a reader that is gone still had to read. */
  forget(reader: IntakeReader): void {
    this.#counts.delete(reader);
  }

  #wait(reader: IntakeReader, chunk: Buffer): void {
    this.#counts.set(reader, (this.#counts.get(reader) ?? 0) + 1);
    this.#waiting.push({ reader, chunk });
    this.#askForTurnEnd();
  }

  #take(reader: IntakeReader, chunk: Buffer): void {
    this.#leftBytes -= chunk.length;
    this.#askForTurnEnd();
    reader.read(chunk);
  }

  #askForTurnEnd(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#atTurnEnd(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    this.#isAsked = false;
    this.#leftBytes = this.#bytesPerTurn;
    let taken = 0;
    while (taken < this.#waiting.length && this.#leftBytes > 0) {
      const { reader, chunk } = this.#waiting[taken]!;
      taken += 1;
      const waited = this.#counts.get(reader);
      if (waited === undefined) continue; // It is gone.
      const left = waited - 1;
      if (left > 0) this.#counts.set(reader, left);
      else this.#counts.delete(reader);
      this.#take(reader, chunk);
      if (left === 0) reader.resumeReading("intake");
    }
    this.#waiting = this.#waiting.slice(taken);
    if (this.#waiting.length > 0) this.#askForTurnEnd();
  };
}
