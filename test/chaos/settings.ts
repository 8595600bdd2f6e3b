/** Longer runs than those of every commit are asked for by environment variables, or by the options of `npm run chaos`. */
export const settings = {
  /** Faults in each run. */
  faults: setting("CONCLAVE_CHAOS_FAULTS", 5),
  /** No fault lasts longer, ms. */
  holdMsMax: setting("CONCLAVE_CHAOS_HOLD_MS", 2_500),
  /** How often each figure is measured. */
  trials: setting("CONCLAVE_CHAOS_TRIALS", 6),
  /** What each run came to is printed. */
  isPrinting: process.env.CONCLAVE_CHAOS_PRINT !== undefined,
  /** The section of docs/reliability.md is written. */
  isReporting: process.env.CONCLAVE_CHAOS_REPORT !== undefined,
  /** What the report says of the machine, such as "shared with other work". */
  remark: process.env.CONCLAVE_CHAOS_REMARK ?? "",
};

function setting(name: string, usual: number): number {
  const text = process.env[name] ?? `${usual}`;
  if (!/^\d+$/.test(text)) throw new Error(`${name}=${text}: not a whole number`);
  return Number(text);
}
