import { isLogFormat, isLogLevel, logFormats, logLevels } from "../observe/logger.ts";
import { checkSetting } from "./config-error.ts";
import {
  defaultAdvertisedUrl,
  type EndpointUrl,
  parseEndpointUrls,
  parseListenUrls,
} from "./endpoint-url.ts";
import { parseEtcdVersion } from "./etcd-version.ts";
import { checkOwnPlace, parseInitialCluster } from "./initial-cluster.ts";
import {
  type ServerConfig,
  type ServerOptions,
  type StorageLocation,
  serverDefaults,
  type TlsFiles,
} from "./options.ts";

/** etcd refuses longer election timeouts; so long without a leader is an outage. */
const ELECTION_TIMEOUT_MS_MAX = 50_000;
/** etcd's ratio: fewer heartbeats in a timeout, and one lost packet costs an election. */
const HEARTBEATS_PER_ELECTION_MIN = 5;
/** A message must fit a frame of the log and one buffer in memory with room to spare. */
const REQUEST_BYTES_MAX = 512 * 1024 ** 2;
/** More often is busywork; etcd has the same floor. */
const PROGRESS_INTERVAL_MS_MIN = 100;

/**
 * Validates options and fills in defaults. Looks at nothing but its argument.
 * @throws ConfigError naming the setting and what is wrong with it
 */
export function resolveServerConfig(options: ServerOptions = {}): ServerConfig {
  const name = options.name ?? serverDefaults.name;
  checkSetting(
    /^[^\s,=\p{Cc}]+$/u.test(name),
    "name",
    "must not be empty or contain spaces, commas or =",
  );
  const addresses = addressesOf(options);
  return {
    name,
    storage: storageOf(options, name),
    ...addresses,
    ...clusterOf(options, name, addresses.initialAdvertisePeerUrls),
    ...consensusOf(options),
    ...limitsOf(options),
    ...observationOf(options),
  };
}

function storageOf(options: ServerOptions, name: string): StorageLocation {
  const { dataDirectory } = options;
  if (typeof dataDirectory === "object") return { kind: "memory" };
  const ownDirectory = name === serverDefaults.name ? "conclave.data" : `${name}.conclave.data`;
  const path = dataDirectory ?? ownDirectory;
  checkSetting(path !== "" && !path.includes("\0"), "dataDirectory", "must not be empty");
  checkSetting(
    dataDirectory !== undefined || !/[/\\]/.test(name),
    "dataDirectory",
    "is needed if the name contains a slash",
  );
  return { kind: "directory", path };
}

type Addresses = Pick<
  ServerConfig,
  | "listenClientUrls"
  | "clientTls"
  | "advertiseClientUrls"
  | "listenPeerUrls"
  | "initialAdvertisePeerUrls"
>;

function addressesOf(options: ServerOptions): Addresses {
  const listenClientUrls = parseListenUrls(
    options.listenClientUrls ?? serverDefaults.listenClientUrls,
    "listenClientUrls",
  );
  const listenPeerUrls = parseListenUrls(
    options.listenPeerUrls ?? serverDefaults.listenPeerUrls,
    "listenPeerUrls",
  );
  for (const { scheme, text } of listenPeerUrls) {
    checkSetting(scheme === "http", "listenPeerUrls", `cannot serve TLS yet: ${text}`);
  }
  const peerTexts = new Set(
    listenPeerUrls.filter(({ port }) => port !== 0).map(({ text }) => text),
  );
  const shared = listenClientUrls.find(({ text }) => peerTexts.has(text));
  checkSetting(shared === undefined, "listenPeerUrls", `is also a client URL: ${shared?.text}`);
  return {
    listenClientUrls,
    clientTls: clientTlsOf(options, listenClientUrls),
    advertiseClientUrls:
      options.advertiseClientUrls === undefined
        ? listenClientUrls.map(defaultAdvertisedUrl)
        : parseEndpointUrls(options.advertiseClientUrls, "advertiseClientUrls"),
    listenPeerUrls,
    initialAdvertisePeerUrls: advertisedPeerUrls(options, listenPeerUrls),
  };
}

/** As in etcd, clients have to be from a trusted authority once there is one, whatever `clientCertAuth` says. */
function clientTlsOf(
  { certFile, keyFile, trustedCaFile, clientCertAuth }: ServerOptions,
  listenClientUrls: readonly EndpointUrl[],
): TlsFiles | null {
  checkSetting(
    clientCertAuth !== true || trustedCaFile !== undefined,
    "clientCertAuth",
    "needs the authorities to trust",
  );
  const encrypted = listenClientUrls.find(({ scheme }) => scheme === "https");
  if (encrypted === undefined) {
    // Whoever gives them wants TLS, and would not have it.
    const unused = certFile ?? keyFile ?? trustedCaFile;
    checkSetting(unused === undefined, "listenClientUrls", "must be https to serve TLS");
    return null;
  }
  checkSetting(certFile !== undefined, "certFile", `is needed for ${encrypted.text}`);
  checkSetting(keyFile !== undefined, "keyFile", `is needed for ${encrypted.text}`);
  return { certFile, keyFile, trustedCaFile: trustedCaFile ?? null };
}

function advertisedPeerUrls(
  options: ServerOptions,
  listenPeerUrls: readonly EndpointUrl[],
): EndpointUrl[] {
  const texts = options.initialAdvertisePeerUrls;
  if (texts === undefined) return listenPeerUrls.map(defaultAdvertisedUrl);
  return parseEndpointUrls(texts, "initialAdvertisePeerUrls");
}

type Cluster = Pick<
  ServerConfig,
  "initialMembers" | "initialClusterState" | "initialClusterToken" | "strictReconfigCheck"
>;

function clusterOf(
  options: ServerOptions,
  name: string,
  initialAdvertisePeerUrls: readonly EndpointUrl[],
): Cluster {
  const alone = initialAdvertisePeerUrls.map(({ text }) => `${name}=${text}`).join(",");
  const initialMembers = parseInitialCluster(options.initialCluster ?? alone);
  checkOwnPlace(initialMembers, name, initialAdvertisePeerUrls);
  const initialClusterState = options.initialClusterState ?? "new";
  checkSetting(
    initialClusterState === "new" || initialClusterState === "existing",
    "initialClusterState",
    `must be new or existing: ${JSON.stringify(initialClusterState)}`,
  );
  return {
    initialMembers,
    initialClusterState,
    initialClusterToken: options.initialClusterToken ?? serverDefaults.initialClusterToken,
    strictReconfigCheck: options.strictReconfigCheck ?? true,
  };
}

type Consensus = Pick<
  ServerConfig,
  "heartbeatIntervalMs" | "electionTimeoutMs" | "preVote" | "snapshotCount"
>;

function consensusOf(options: ServerOptions): Consensus {
  const heartbeatIntervalMs = integerOf(options, "heartbeatIntervalMs", { min: 1 });
  const electionTimeoutMs = integerOf(options, "electionTimeoutMs", { min: 1 });
  checkSetting(
    electionTimeoutMs >= HEARTBEATS_PER_ELECTION_MIN * heartbeatIntervalMs,
    "electionTimeoutMs",
    `must be at least ${HEARTBEATS_PER_ELECTION_MIN} times the heartbeat interval: ` +
      `${electionTimeoutMs} ms against ${heartbeatIntervalMs} ms`,
  );
  checkSetting(
    electionTimeoutMs <= ELECTION_TIMEOUT_MS_MAX,
    "electionTimeoutMs",
    `must be at most ${ELECTION_TIMEOUT_MS_MAX} ms: ${electionTimeoutMs}`,
  );
  return {
    heartbeatIntervalMs,
    electionTimeoutMs,
    preVote: options.preVote ?? true,
    snapshotCount: integerOf(options, "snapshotCount", { min: 1 }),
  };
}

type Limits = Pick<
  ServerConfig,
  | "quotaBackendBytes"
  | "maxTxnOps"
  | "maxRequestBytes"
  | "maxConcurrentStreams"
  | "grpcKeepaliveMinTimeMs"
  | "grpcKeepaliveIntervalMs"
  | "grpcKeepaliveTimeoutMs"
  | "watchProgressNotifyIntervalMs"
>;

function limitsOf(options: ServerOptions): Limits {
  const quota = integerOf(options, "quotaBackendBytes", { min: Number.MIN_SAFE_INTEGER });
  return {
    quotaBackendBytes:
      quota === 0 ? serverDefaults.quotaBackendBytes : quota < 0 ? Infinity : quota,
    maxTxnOps: integerOf(options, "maxTxnOps", { min: 1, max: 2 ** 31 - 1 }),
    maxRequestBytes: integerOf(options, "maxRequestBytes", { min: 1, max: REQUEST_BYTES_MAX }),
    maxConcurrentStreams: integerOf(options, "maxConcurrentStreams", { min: 1, max: 2 ** 32 - 1 }),
    grpcKeepaliveMinTimeMs: integerOf(options, "grpcKeepaliveMinTimeMs", { min: 0 }),
    grpcKeepaliveIntervalMs: zeroIsNever(integerOf(options, "grpcKeepaliveIntervalMs", { min: 0 })),
    grpcKeepaliveTimeoutMs: zeroIsNever(integerOf(options, "grpcKeepaliveTimeoutMs", { min: 0 })),
    watchProgressNotifyIntervalMs: integerOf(options, "watchProgressNotifyIntervalMs", {
      min: PROGRESS_INTERVAL_MS_MIN,
    }),
  };
}

type Observation = Pick<
  ServerConfig,
  "allowedHosts" | "emulatedVersion" | "logLevel" | "logFormat"
>;

function observationOf(options: ServerOptions): Observation {
  const logLevel = options.logLevel ?? serverDefaults.logLevel;
  checkSetting(isLogLevel(logLevel), "logLevel", `must be one of ${logLevels.join(", ")}`);
  const logFormat = options.logFormat ?? null;
  checkSetting(
    logFormat === null || isLogFormat(logFormat),
    "logFormat",
    `must be one of ${logFormats.join(", ")}`,
  );
  return {
    allowedHosts: options.allowedHosts ?? [],
    emulatedVersion: parseEtcdVersion(
      options.emulateVersion ?? serverDefaults.emulateVersion,
      "emulateVersion",
    ),
    logLevel,
    logFormat,
  };
}

type IntegerSetting = {
  [K in keyof typeof serverDefaults]: (typeof serverDefaults)[K] extends number ? K : never;
}[keyof typeof serverDefaults];

function integerOf(
  options: ServerOptions,
  setting: IntegerSetting,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): number {
  const value = options[setting] ?? serverDefaults[setting];
  checkSetting(Number.isSafeInteger(value), setting, `must be a whole number: ${value}`);
  checkSetting(value >= min, setting, `must be at least ${min}: ${value}`);
  checkSetting(value <= max, setting, `must be at most ${max}: ${value}`);
  return value;
}

/** For durations where 0 turns the whole thing off. */
function zeroIsNever(durationMs: number): number {
  return durationMs === 0 ? Infinity : durationMs;
}
