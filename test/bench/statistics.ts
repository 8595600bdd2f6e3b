export function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/** NaN for no values. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? 0, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Three digits of what is small, all that stand before the point of what is not. */
export function figureText(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : value.toPrecision(Math.abs(value) < 1 ? 2 : 3);
}
