/**
 * Flags of etcd that Conclave does not have. Start scripts carry them along, so each is either harmless,
 * and ignored with a warning, or would promise something that is not there, and refused by name.
 */

/** How a flag takes its value; see `Flag.isSwitch`. */
export interface ForeignFlag {
  readonly isSwitch: boolean;
  /** Values that ask for nothing, such as a switch that is off. "any": the flag never mattered here. */
  readonly inertValues: readonly string[] | "any";
}

const ignoredSwitches = [
  "debug",
  "enable-grpc-gateway",
  "enable-v2",
  "initial-election-tick-advance",
  "memory-mlock",
];

/** About etcd's own storage engine, its v2 API or its logging library. */
const ignoredValues = [
  "backend-batch-interval",
  "backend-batch-limit",
  "backend-bbolt-freelist-type",
  "logger",
  "max-snapshots",
  "max-wals",
  "proxy-dial-timeout",
  "proxy-failure-wait",
  "proxy-read-timeout",
  "proxy-refresh-interval",
  "proxy-write-timeout",
  "v2-deprecation",
  "warning-apply-duration",
  "warning-unary-request-duration",
];

const unsupportedSwitches = [
  "auto-tls",
  "enable-distributed-tracing",
  "enable-log-rotation",
  "enable-pprof",
  "force-new-cluster",
  "peer-auto-tls",
  "peer-client-cert-auth",
  "peer-skip-client-san-verification",
  "socket-reuse-address",
  "socket-reuse-port",
  "unsafe-no-fsync",
];

const unsupportedValues: Readonly<Record<string, readonly string[]>> = {
  "auth-token": ["simple"],
  "auth-token-ttl": ["300"],
  "auto-compaction-mode": ["periodic", "revision"], // says nothing while the retention is 0
  "auto-compaction-retention": ["0"],
  "bcrypt-cost": [],
  "bootstrap-defrag-threshold-megabytes": ["0"],
  "cipher-suites": [],
  "client-cert-allowed-hostname": [],
  "client-cert-file": [],
  "client-crl-file": [],
  "client-key-file": [],
  "compact-hash-check-time": [],
  "compaction-batch-limit": [],
  "compaction-sleep-interval": [],
  "config-file": [],
  "corrupt-check-time": ["0", "0s"],
  cors: [],
  discovery: [],
  "discovery-endpoints": [],
  "discovery-fallback": ["exit"],
  "discovery-proxy": [],
  "discovery-srv": [],
  "discovery-srv-name": [],
  "discovery-token": [],
  "distributed-tracing-address": [],
  "downgrade-check-time": [],
  "feature-gates": [],
  "listen-client-http-urls": [],
  "listen-metrics-urls": [],
  "log-outputs": ["default", "stderr"],
  "log-rotation-config-json": [],
  "max-learners": ["1"],
  metrics: ["basic"],
  "peer-cert-allowed-cn": [],
  "peer-cert-allowed-hostname": [],
  "peer-cert-file": [],
  "peer-client-cert-file": [],
  "peer-client-key-file": [],
  "peer-crl-file": [],
  "peer-key-file": [],
  "peer-trusted-ca-file": [],
  proxy: ["off"],
  "self-signed-cert-validity": [],
  "snapshot-catchup-entries": [],
  "tls-max-version": [],
  "tls-min-version": [],
  "wal-dir": [],
};

export const foreignFlags: ReadonlyMap<string, ForeignFlag> = new Map<string, ForeignFlag>([
  ...ignoredSwitches.map((name) => [name, { isSwitch: true, inertValues: "any" }] as const),
  ...ignoredValues.map((name) => [name, { isSwitch: false, inertValues: "any" }] as const),
  ...unsupportedSwitches.map(
    (name) => [name, { isSwitch: true, inertValues: ["false", "0"] }] as const,
  ),
  ...Object.entries(unsupportedValues).map(
    ([name, inert]) => [name, { isSwitch: false, inertValues: ["", ...inert] }] as const,
  ),
]);

/** etcd named flags so while they were being tried out; the bare name came later. */
export const EXPERIMENTAL_PREFIX = "experimental-";
