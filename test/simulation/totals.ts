import { FAILPOINT_ACTIONS } from "./faults.ts";
import { PROBES } from "./probes.ts";
import type { RunReport } from "./run-report.ts";
import type { SeedOutcome } from "./seed-pool.ts";

/** How often each kind of fault must happen at least in a thousand seeds. */
const FAULTS_PER_THOUSAND = 5;
/** Pairs of failpoint and action of which something must have happened in a thousand seeds. Of more, no more are asked. */
const PAIRS_PER_THOUSAND = 200;
/** Of the failpoints: that many of those taken least often are listed. */
const RAREST_MAX = 10;
const YEAR_MS = 365.25 * 24 * 3600 * 1000;

/** What many runs amounted to. */
export class Totals {
  seeds = 0;
  /** By name: everything that reports count. */
  readonly counts = new Map<string, number>();
  /** By name: kinds of faults, and how often each happened. */
  readonly faults = new Map<string, number>();
  /** By "point: action": named points of the code, and how often something happened at each. */
  readonly failpoints = new Map<string, number>();
  /** By name: interesting states, and in how many seeds each was reached. */
  readonly probes = new Map<string, number>();
  readonly #states = new Set<number>();

  add(report: RunReport): void {
    const { seed: _seed, traceHash: _hash, faultScript: _script, ...figures } = report;
    const { faults, failpoints, probes, states, ...counts } = figures;
    this.seeds += 1;
    addAll(this.counts, Object.entries(counts));
    addAll(this.faults, Object.entries(faults));
    addAll(this.failpoints, Object.entries(failpoints));
    addAll(
      this.probes,
      probes.map((name) => [name, 1]),
    );
    for (const state of states) this.#states.add(state);
  }

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  get faultCount(): number {
    return [...this.faults.values()].reduce((sum, count) => sum + count, 0);
  }

  get simulatedYears(): number {
    return this.count("virtualMs") / YEAR_MS;
  }

  get distinctStates(): number {
    return this.#states.size;
  }

  /** What happened too rarely for so many seeds to have tested it. */
  missing(seeds: number): string[] {
    const faultsWanted = Math.floor((FAULTS_PER_THOUSAND * seeds) / 1_000);
    const faults = [...this.faults].flatMap(([name, count]) =>
      count < faultsWanted ? [`${name}: ${count} times, not ${faultsWanted}`] : [],
    );
    const probes = Object.entries(PROBES).flatMap(([name, perThousand]) => {
      const [reached, wanted] = [
        this.probes.get(name) ?? 0,
        Math.floor((perThousand * seeds) / 1_000),
      ];
      return reached < wanted ? [`${name}: in ${reached} seeds, not ${wanted}`] : [];
    });
    const pairsWanted = Math.floor((PAIRS_PER_THOUSAND * Math.min(seeds, 1_000)) / 1_000);
    const pairs = this.failpoints.size;
    const failpoints =
      pairs < pairsWanted ? [`failpoints: ${pairs} pairs with an action, not ${pairsWanted}`] : [];
    return [...faults, ...probes, ...failpoints];
  }

  /** The failpoints that were taken least often, those that never were among them. */
  get rarestFailpoints(): readonly (readonly [name: string, count: number])[] {
    return this.#failpointsByCount().slice(0, RAREST_MAX);
  }

  #failpointsByCount(): readonly (readonly [name: string, count: number])[] {
    return FAILPOINT_ACTIONS.map((name) => [name, this.failpoints.get(name) ?? 0] as const).sort(
      ([, a], [, b]) => a - b,
    );
  }

  /** The wall that ends each run. */
  get wall(): string {
    const number = (count: number): string => Math.round(count).toLocaleString("en");
    return [
      `${number(this.seeds)} seeds`,
      `${number(this.faultCount)} faults`,
      `${number(this.count("operations"))} operations`,
      `${this.simulatedYears.toPrecision(2)} simulated years`,
      `${number(this.distinctStates)} distinct states`,
    ].join(", ");
  }
}

function addAll(sums: Map<string, number>, counts: Iterable<readonly [string, number]>): void {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
}

/** What a failed seed prints: first the line that replays it. */
export function failureText({ seed, failure }: SeedOutcome & { readonly report: null }): string {
  const { message, script, trace } = failure;
  const faults = script.split("\n").slice(1, -1);
  return [
    `seed ${seed} FAILED. replay: npm run sim -- --seed ${seed}`,
    message,
    ...(script === ""
      ? []
      : [`it needs ${faults.length} faults (--script takes these lines):`, script]),
    ...trace,
  ].join("\n");
}
