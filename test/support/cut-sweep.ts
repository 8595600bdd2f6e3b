import { nextBelow, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import type { Cut, CutKind, Direction } from "./cutting-proxy.ts";

/** Bytes that pass in each direction while nothing is cut. */
export type ExchangeSize = Readonly<Record<Direction, number>>;

const KINDS: readonly CutKind[] = ["reset", "half-close", "black-hole"];
const DIRECTIONS: readonly Direction[] = ["up", "down"];
/** Ids are drawn at random and take more or fewer bytes. */
const SIZE_VARIES_BY_BYTES = 4;
/** Runs at once: most of a run is waiting. */
const CONCURRENCY = 10;

/** `CONCLAVE_CUT=full` cuts at every byte; otherwise some of them are drawn. */
const isFull = process.env.CONCLAVE_CUT === "full";

/**
 * The cuts to make in an exchange: all kinds, both directions, at each byte boundary, of which every `n`-th is taken from a
 * random first one on so that at most `runsMax` of each kind and direction are.
 */
export function cutsOf(size: ExchangeSize, runsMax: Readonly<Record<CutKind, number>>): Cut[] {
  const prng = seededPrng(testSeed());
  return KINDS.flatMap((kind) =>
    DIRECTIONS.flatMap((direction) => {
      const boundaries = size[direction] + 1 + SIZE_VARIES_BY_BYTES;
      const step = isFull ? 1 : Math.max(1, Math.ceil(boundaries / runsMax[kind]));
      const cuts: Cut[] = [];
      const first = nextBelow(prng, step);
      for (let afterBytes = first; afterBytes < boundaries; afterBytes += step) {
        cuts.push({ kind, direction, afterBytes });
      }
      return cuts;
    }),
  );
}

/** Does all of them, some at a time. @returns what failed, each with the cut it failed at */
export async function sweep(
  cuts: readonly Cut[],
  run: (cut: Cut) => Promise<void>,
): Promise<string[]> {
  const waiting = [...cuts];
  const failures: string[] = [];
  const worker = async () => {
    for (let cut = waiting.shift(); cut !== undefined; cut = waiting.shift()) {
      try {
        await run(cut);
      } catch (error) {
        const { kind, direction, afterBytes } = cut;
        failures.push(`${kind} ${direction} after ${afterBytes} bytes: ${error}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return failures;
}

/** Sockets and timers that keep this process alive, by kind. */
export function handlesOpen(): Record<string, number> {
  const counts: Record<string, number> = { TCPSocketWrap: 0, TCPServerWrap: 0, Timeout: 0 };
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind in counts) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
