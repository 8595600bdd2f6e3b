/** One fault with everything that was drawn for it: enough to know it again in another run of the same seed. */
export interface ScriptedFault {
  /** Virtual ms. */
  readonly atMs: number;
  /** Its name in the fault counts. */
  readonly kind: string;
  /** To whom, for how long, how much. */
  readonly details: string;
}

/**
 * The faults of a run. Usually everything that is drawn happens, and is recorded; with a script given, only what it holds.
 * What a fault draws comes from a source of its own, so leaving one out moves no other.
 */
export class FaultScript {
  readonly faults: ScriptedFault[] = [];
  readonly #allowed: ReadonlySet<string> | null;

  constructor(allowed: readonly ScriptedFault[] | null = null) {
    this.#allowed = allowed === null ? null : new Set(allowed.map(lineOf));
  }

  /** Asked by each fault before it happens. @returns whether it is to happen */
  admits(atMs: number, kind: string, details: string): boolean {
    const fault = { atMs, kind, details };
    if (this.#allowed !== null && !this.#allowed.has(lineOf(fault))) return false;
    this.faults.push(fault);
    return true;
  }
}

/** A fault a line, as a person reads it and `--script` takes it back. */
export function formatScript(seed: number, faults: readonly ScriptedFault[]): string {
  return [`seed ${seed}`, ...faults.map(lineOf), ""].join("\n");
}

/** @throws Error naming the first line that is no fault */
export function parseScript(text: string): {
  readonly seed: number;
  readonly faults: readonly ScriptedFault[];
} {
  const [first = "", ...lines] = text.split("\n").filter((line) => line !== "");
  const seed = /^seed (\d+)$/.exec(first)?.[1];
  if (seed === undefined)
    throw new Error(`a fault script begins with its seed, not with: ${first}`);
  return { seed: Number(seed), faults: lines.map(faultOf) };
}

function faultOf(line: string): ScriptedFault {
  const [, atMs, kind, details = ""] = /^(\d+\.?\d*) (\S+) ?(.*)$/.exec(line) ?? [];
  if (atMs === undefined || kind === undefined) throw new Error(`not a fault: ${line}`);
  return { atMs: Number(atMs), kind, details };
}

function lineOf({ atMs, kind, details }: ScriptedFault): string {
  return `${atMs} ${kind} ${details}`.trimEnd();
}
