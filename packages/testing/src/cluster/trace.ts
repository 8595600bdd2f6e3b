/** What happened in a run, as one number that two runs of the same seed must agree on, and as its last lines. */
export class Trace {
  readonly #linesMax: number;
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  count = 0;

  constructor(linesMax: number) {
    this.#linesMax = linesMax;
  }

  /** FNV-1a over everything added. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  get lastLines(): readonly string[] {
    return this.#lines;
  }

  add(atMs: number, text: string): void {
    const line = `${atMs.toFixed(2)} ${text}`;
    for (let at = 0; at < line.length; at += 1) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193);
    }
    this.count += 1;
    this.#lines.push(line);
    if (this.#lines.length > this.#linesMax) this.#lines.shift();
  }

  /** Counts for the hash only: too frequent to be read. */
  addQuietly(atMs: number, a: number, b: number, c: number): void {
    for (const number of [Math.floor(atMs * 4), a, b, c]) {
      this.#hash = Math.imul(this.#hash ^ number, 0x01000193);
    }
    this.count += 1;
  }
}
