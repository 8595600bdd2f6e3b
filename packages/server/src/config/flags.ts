import { isLogFormat, isLogLevel, logFormats, logLevels } from "../observe/logger.ts";
import { ConfigError } from "./config-error.ts";
import { parseGoDuration } from "./duration.ts";
import { type ServerOptions, serverDefaults } from "./options.ts";

/** One flag of `conclave serve`: etcd's name, and the setting it fills. */
export interface Flag {
  readonly name: string;
  readonly setting: keyof ServerOptions;
  readonly group: "Member" | "Cluster" | "Limits" | "Observation";
  /** Shown in the help; what applies if the flag is left out. */
  readonly defaultText: string;
  readonly usage: string;
  /** As in Go: a switch stands alone or as --flag=value, and never takes the next argument. */
  readonly isSwitch: boolean;
  /** The setting with the value that the text stands for. @throws ConfigError */
  readonly read: (text: string) => ServerOptions;
}

type Description = readonly [defaultText: string, usage: string];

function flag<S extends keyof ServerOptions>(
  group: Flag["group"],
  name: string,
  setting: S,
  parse: (text: string, setting: S) => ServerOptions[S],
  [defaultText, usage]: Description,
): Flag {
  const read = (text: string): ServerOptions => ({ [setting]: parse(text, setting) });
  return {
    name,
    setting,
    group,
    defaultText,
    usage,
    isSwitch: parse === (boolean as unknown),
    read,
  };
}

function text(value: string): string {
  return value;
}

/** Names or URLs with commas between them; none at all if empty. */
function list(value: string): string[] {
  const parts = value.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "");
}

function integer(value: string, setting: string): number {
  if (!/^[+-]?\d+$/.test(value)) {
    throw new ConfigError(setting, `must be a whole number: ${JSON.stringify(value)}`);
  }
  return Number(value);
}

function duration(value: string, setting: string): number {
  const durationMs = parseGoDuration(value);
  if (durationMs !== undefined) return durationMs;
  throw new ConfigError(
    setting,
    `must be a duration such as 5s or 1h30m: ${JSON.stringify(value)}`,
  );
}

/** The spellings that Go's strconv.ParseBool takes. */
function boolean(value: string, setting: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new ConfigError(setting, `must be true or false: ${JSON.stringify(value)}`);
}

function oneOf<T extends string>(isValid: (value: string) => value is T, all: readonly T[]) {
  return (value: string, setting: string): T => {
    if (isValid(value)) return value;
    throw new ConfigError(setting, `must be one of ${all.join(", ")}: ${JSON.stringify(value)}`);
  };
}

const clusterStates = ["new", "existing"] as const;
const clusterState = oneOf(
  (value): value is "new" | "existing" => value === "new" || value === "existing",
  clusterStates,
);
const logLevel = oneOf(isLogLevel, logLevels);
const logFormat = oneOf(isLogFormat, logFormats);

const d = serverDefaults;
const clientUrl = d.listenClientUrls[0];
const peerUrl = d.listenPeerUrls[0];

/** Every flag that is understood, in the order of the help. */
export const flags: readonly Flag[] = [
  flag("Member", "name", "name", text, [d.name, "Human-readable name of this member."]),
  flag("Member", "data-dir", "dataDirectory", text, ["conclave.data", "Directory for the data."]),
  flag("Member", "listen-client-urls", "listenClientUrls", list, [
    clientUrl,
    "Where clients connect, with commas between.",
  ]),
  flag("Member", "listen-peer-urls", "listenPeerUrls", list, [
    peerUrl,
    "Where other members connect, with commas between.",
  ]),
  flag("Member", "cert-file", "certFile", text, [
    "none",
    "Certificate for client URLs with https, PEM.",
  ]),
  flag("Member", "key-file", "keyFile", text, ["none", "Key of that certificate, PEM."]),
  flag("Member", "trusted-ca-file", "trustedCaFile", text, [
    "none",
    "Authorities that clients have to be from, PEM.",
  ]),
  flag("Member", "client-cert-auth", "clientCertAuth", boolean, [
    "false",
    "Clients have to show a certificate; --trusted-ca-file says so too.",
  ]),
  flag("Member", "heartbeat-interval", "heartbeatIntervalMs", integer, [
    String(d.heartbeatIntervalMs),
    "Milliseconds between a leader's heartbeats.",
  ]),
  flag("Member", "election-timeout", "electionTimeoutMs", integer, [
    String(d.electionTimeoutMs),
    "Milliseconds without a leader before an election; 5 heartbeats at least.",
  ]),
  flag("Member", "pre-vote", "preVote", boolean, [
    "true",
    "Ask around before an election, so that a member cut off does not disrupt.",
  ]),
  flag("Member", "snapshot-count", "snapshotCount", integer, [
    String(d.snapshotCount),
    "Applied entries between two snapshots.",
  ]),
  flag("Cluster", "advertise-client-urls", "advertiseClientUrls", list, [
    clientUrl,
    "Client URLs that the cluster tells clients; required with --listen-client-urls.",
  ]),
  flag("Cluster", "initial-advertise-peer-urls", "initialAdvertisePeerUrls", list, [
    "the peer URLs listened on",
    "Peer URLs under which the other members know this one.",
  ]),
  flag("Cluster", "initial-cluster", "initialCluster", text, [
    "this member alone",
    "Members of a new cluster: name=url,name=url,...",
  ]),
  flag("Cluster", "initial-cluster-state", "initialClusterState", clusterState, [
    "new",
    "new to form a cluster, existing to join one.",
  ]),
  flag("Cluster", "initial-cluster-token", "initialClusterToken", text, [
    d.initialClusterToken,
    "Keeps clusters apart that were formed from the same URLs.",
  ]),
  flag("Cluster", "strict-reconfig-check", "strictReconfigCheck", boolean, [
    "true",
    "Refuse membership changes that would lose the quorum.",
  ]),
  flag("Limits", "quota-backend-bytes", "quotaBackendBytes", integer, [
    "0",
    "Size of the key space; 0 is 2 GiB, below 0 no limit.",
  ]),
  flag("Limits", "max-txn-ops", "maxTxnOps", integer, [
    String(d.maxTxnOps),
    "Operations in one transaction.",
  ]),
  flag("Limits", "max-request-bytes", "maxRequestBytes", integer, [
    String(d.maxRequestBytes),
    "Bytes of one request.",
  ]),
  flag("Limits", "max-concurrent-streams", "maxConcurrentStreams", integer, [
    String(d.maxConcurrentStreams),
    "Calls open at once on one client connection.",
  ]),
  flag("Limits", "grpc-keepalive-min-time", "grpcKeepaliveMinTimeMs", duration, [
    "5s",
    "A client that pings more often is sent away.",
  ]),
  flag("Limits", "grpc-keepalive-interval", "grpcKeepaliveIntervalMs", duration, [
    "2h",
    "Quiet time after which a client is pinged; 0 never.",
  ]),
  flag("Limits", "grpc-keepalive-timeout", "grpcKeepaliveTimeoutMs", duration, [
    "20s",
    "Time to answer that ping; 0 waits for ever.",
  ]),
  flag("Limits", "watch-progress-notify-interval", "watchProgressNotifyIntervalMs", duration, [
    "10m",
    "Quiet time after which a watch that asked for it hears how far it is.",
  ]),
  flag("Observation", "log-level", "logLevel", logLevel, [d.logLevel, `${logLevels.join(", ")}.`]),
  flag("Observation", "log-format", "logFormat", logFormat, [
    "console on a terminal, json otherwise",
    `${logFormats.join(" or ")}.`,
  ]),
  flag("Observation", "host-whitelist", "allowedHosts", list, [
    "the advertised hosts",
    "More host names that plain HTTP answers to; * is any.",
  ]),
  flag("Observation", "emulate-version", "emulateVersion", text, [
    d.emulateVersion,
    "The etcd version to claim.",
  ]),
];

export const flagsByName: ReadonlyMap<string, Flag> = new Map(
  flags.map((each) => [each.name, each]),
);
