/** The value below which `share` of the values lie, by rank. Requires: there are some. */
export function percentile(values: readonly number[], share: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.ceil(share * ascending.length) - 1] ?? Number.NaN;
}

/** `p50 1,200 ms, p99 1,900 ms, longest 1,950 ms of 50` */
export function summaryOf(valuesMs: readonly number[]): string {
  const at = (share: number) => `${percentile(valuesMs, share).toLocaleString("en")} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} of ${valuesMs.length}`;
}
