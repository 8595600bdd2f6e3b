/** Prefixes of the keys that workers write, by what they stand for. */
export const PREFIX = {
  /** Few keys, written and read by all. */
  shared: "k/",
  /** One for each lease. */
  leased: "l/",
  /** Written by holders of the lock alone. */
  fenced: "f/",
} as const;

export const SHARED_KEYS = 8;
