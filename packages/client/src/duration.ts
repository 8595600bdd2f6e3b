/** A length of time in public options: milliseconds, or a number with its unit, such as `"10s"` or `"1.5m"`. */
export type Duration =
  | number
  | `${number}ms`
  | `${number}s`
  | `${number}m`
  | `${number}h`
  | `${number}d`;

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const DURATION_TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * The milliseconds of a duration; `option` names it in the error.
 * @throws RangeError if it is negative, not finite, or a text of another form.
 */
export function durationMs(duration: Duration, option: string): number {
  const ms = typeof duration === "number" ? duration : parsedMs(duration);
  if (!Number.isFinite(ms) || ms < 0) {
    throw new RangeError(
      `${option}: ${JSON.stringify(duration)} is no duration; give milliseconds or a text such as "10s"`,
    );
  }
  return ms;
}

function parsedMs(text: string): number {
  const parts = DURATION_TEXT.exec(text);
  if (parts === null) return Number.NaN;
  return Number(parts[1]) * (MS_PER_UNIT[parts[2]!] ?? Number.NaN);
}
