import { checkSetting } from "./config-error.ts";

/**
 * The etcd version a member claims to be. Clients decide by it which features to use (`/version` and
 * `Status.version`), and Patroni reads every part as an integer, so there is no suffix.
 */
export interface EtcdVersion {
  /** For example "3.6.14". */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The oldest minor version whose API this server can claim. */
const MINOR_MIN = 4;

/** @throws ConfigError */
export function parseEtcdVersion(text: string, setting: string): EtcdVersion {
  const parts = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
  checkSetting(
    parts !== null,
    setting,
    `must have the form major.minor.patch: ${JSON.stringify(text)}`,
  );
  const [major = 0, minor = 0, patch = 0] = parts.slice(1).map(Number);
  checkSetting(
    major === 3 && minor >= MINOR_MIN,
    setting,
    `must be 3.${MINOR_MIN}.0 or a later version 3: ${JSON.stringify(text)}`,
  );
  return { text, major, minor, patch };
}

/** The cluster version that goes with it: patches do not count, for example "3.6.0". */
export function clusterVersionOf(version: EtcdVersion): string {
  return `${version.major}.${version.minor}.0`;
}
