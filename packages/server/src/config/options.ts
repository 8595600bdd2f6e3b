import type { LogFormat, LogLevel } from "../observe/logger.ts";
import type { EndpointUrl } from "./endpoint-url.ts";
import type { EtcdVersion } from "./etcd-version.ts";
import type { InitialMember } from "./initial-cluster.ts";

/**
 * What a caller may set; whatever is left out gets its default. `conclave serve` fills this from flags
 * and environment, `startServer()` takes it as it is; both go through `resolveServerConfig`.
 */
export interface ServerOptions {
  /** Human-readable name of this member, unique in its cluster. Default "default". */
  readonly name?: string | undefined;
  /**
   * Where everything durable lives, or `{ inMemory: true }` for a member that forgets when it stops.
   * Default: `conclave.data`, or `NAME.conclave.data` for a member with a name of its own.
   */
  readonly dataDirectory?: string | { readonly inMemory: true } | undefined;
  /** Default `http://127.0.0.1:2379`. Port 0 takes a free port. */
  readonly listenClientUrls?: readonly string[] | undefined;
  /** Certificate, and those between it and its authority, for client URLs with `https`. PEM file, read at the start. */
  readonly certFile?: string | undefined;
  /** Its key. PEM file. */
  readonly keyFile?: string | undefined;
  /** Authorities whose clients may connect over TLS; once set, all others may not. PEM file. */
  readonly trustedCaFile?: string | undefined;
  /** Clients have to show a certificate, as `trustedCaFile` demands by itself. True without that file is refused. */
  readonly clientCertAuth?: boolean | undefined;
  /** Default: the client URLs listened on. */
  readonly advertiseClientUrls?: readonly string[] | undefined;
  /** Default `http://127.0.0.1:2380`. Port 0 takes a free port. */
  readonly listenPeerUrls?: readonly string[] | undefined;
  /** Default: the peer URLs listened on. */
  readonly initialAdvertisePeerUrls?: readonly string[] | undefined;
  /** `name=url,name=url,…` of every member of a new cluster. Default: this member alone. */
  readonly initialCluster?: string | undefined;
  /** "existing" joins a cluster that already runs. Default "new". */
  readonly initialClusterState?: "new" | "existing" | undefined;
  /** Keeps clusters apart that were formed from the same URLs. Default "etcd-cluster". */
  readonly initialClusterToken?: string | undefined;
  /** Milliseconds between a leader's heartbeats. Default 100. */
  readonly heartbeatIntervalMs?: number | undefined;
  /** Milliseconds without a leader before an election. Default 1000. */
  readonly electionTimeoutMs?: number | undefined;
  /** Ask around before an election, so that a member cut off does not disrupt. Default true. */
  readonly preVote?: boolean | undefined;
  /** Refuse membership changes that would lose the quorum. Default true. */
  readonly strictReconfigCheck?: boolean | undefined;
  /** Applied entries between two snapshots. Default 10 000. */
  readonly snapshotCount?: number | undefined;
  /** Size of the key space in bytes. 0 is the default of 2 GiB, a negative number means no limit. */
  readonly quotaBackendBytes?: number | undefined;
  /** Operations in one transaction. Default 128. */
  readonly maxTxnOps?: number | undefined;
  /** Bytes of one request as it enters the log. Default 1.5 MiB. */
  readonly maxRequestBytes?: number | undefined;
  /** Calls open at once on one client connection. Default 2^32 - 1, as in etcd. */
  readonly maxConcurrentStreams?: number | undefined;
  /** A client that pings more often than this is sent away. Milliseconds. Default 5000. */
  readonly grpcKeepaliveMinTimeMs?: number | undefined;
  /** Quiet time after which the server pings a client; 0 never. Milliseconds. Default 2 hours. */
  readonly grpcKeepaliveIntervalMs?: number | undefined;
  /** Time to answer that ping; 0 waits for ever. Milliseconds. Default 20 000. */
  readonly grpcKeepaliveTimeoutMs?: number | undefined;
  /** Quiet time after which a watch that asked for it is told how far it is. Default 10 minutes. */
  readonly watchProgressNotifyIntervalMs?: number | undefined;
  /** Names besides loopback and the advertised ones that plain HTTP may be asked for; "*" is any. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** The etcd version to claim. Default "3.6.14". */
  readonly emulateVersion?: string | undefined;
  /** Default "info". */
  readonly logLevel?: LogLevel | undefined;
  /** Default: text for a terminal, JSON lines otherwise. */
  readonly logFormat?: LogFormat | undefined;
}

/** Where a member keeps its state. */
export type StorageLocation =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "memory" };

/** What serving TLS takes, as files in PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Null: clients need no certificate. */
  readonly trustedCaFile: string | null;
}

/** {@link ServerOptions} after validation: complete, parsed, and consistent with itself. */
export interface ServerConfig {
  readonly name: string;
  readonly storage: StorageLocation;
  readonly listenClientUrls: readonly EndpointUrl[];
  /** Null if no client URL is `https`. */
  readonly clientTls: TlsFiles | null;
  /** Port 0 stands for the port that listening will get. */
  readonly advertiseClientUrls: readonly EndpointUrl[];
  readonly listenPeerUrls: readonly EndpointUrl[];
  readonly initialAdvertisePeerUrls: readonly EndpointUrl[];
  /** Sorted by name; contains this member, at the URLs it advertises. */
  readonly initialMembers: readonly InitialMember[];
  readonly initialClusterState: "new" | "existing";
  readonly initialClusterToken: string;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  readonly preVote: boolean;
  readonly strictReconfigCheck: boolean;
  readonly snapshotCount: number;
  /** Infinity if there is no limit. */
  readonly quotaBackendBytes: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
  readonly maxConcurrentStreams: number;
  readonly grpcKeepaliveMinTimeMs: number;
  /** Infinity if the server never pings. */
  readonly grpcKeepaliveIntervalMs: number;
  /** Infinity if it waits for ever. */
  readonly grpcKeepaliveTimeoutMs: number;
  readonly watchProgressNotifyIntervalMs: number;
  readonly allowedHosts: readonly string[];
  readonly emulatedVersion: EtcdVersion;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | null;
}

/** What {@link ServerOptions} leave out. */
export const serverDefaults = {
  name: "default",
  listenClientUrls: ["http://127.0.0.1:2379"],
  listenPeerUrls: ["http://127.0.0.1:2380"],
  initialClusterToken: "etcd-cluster",
  heartbeatIntervalMs: 100,
  electionTimeoutMs: 1000,
  snapshotCount: 10_000,
  quotaBackendBytes: 2 * 1024 ** 3,
  maxTxnOps: 128,
  maxRequestBytes: 1_572_864,
  maxConcurrentStreams: 2 ** 32 - 1,
  grpcKeepaliveMinTimeMs: 5_000,
  grpcKeepaliveIntervalMs: 7_200_000,
  grpcKeepaliveTimeoutMs: 20_000,
  watchProgressNotifyIntervalMs: 600_000,
  emulateVersion: "3.6.14",
  logLevel: "info",
} as const satisfies ServerOptions;
