/** Where a value stands on an axis, and which values are worth a mark there. */
export interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** From 0 up to the values' largest. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const largest = Math.max(...values, 0) || 1;
  const step = roundStep(largest / 5);
  const end = Math.ceil(largest / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return { at: (value) => from + (value / end) * (to - from), ticks };
}

/** Whole powers of ten around the values, which are above 0. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  if (values.some((value) => value <= 0)) throw new RangeError("a logarithm wants values above 0");
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const share = (value: number) => (Math.log10(value) - low) / (high - low);
  return { at: (value) => from + share(value) * (to - from), ticks };
}

/** 1, 2 or 5 times a power of ten, and not below `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5, 10].find((digit) => digit * power >= step) ?? 10) * power;
}
