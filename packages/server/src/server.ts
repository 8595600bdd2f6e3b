import { randomBytes } from "node:crypto";
import type { TlsOptions } from "node:tls";
import { type Clock, seededPrng, systemClock } from "@conclave/base";
import {
  createChannel,
  createRpcServer,
  eventLoopTurn,
  type RpcServer,
  socketDial,
} from "@conclave/rpc";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { CallGuard } from "./api/call-guard.ts";
import { registerServices } from "./api/services.ts";
import {
  initialIds,
  resolveServerConfig,
  type ServerConfig,
  type ServerOptions,
} from "./config.ts";
import { HttpService } from "./http/http-service.ts";
import { healthSourceOf } from "./http/member-health.ts";
import { registerMemberMetrics } from "./http/member-metrics.ts";
import { joinCluster } from "./join-cluster.ts";
import { Listener, withPort } from "./listener.ts";
import { MemberNode } from "./node/member-node.ts";
import type { MemberRemoved } from "./node/removal.ts";
import { type Logger, silentLogger } from "./observe/logger.ts";
import { MetricsRegistry } from "./observe/metrics.ts";
import { tellingRefusals } from "./peer/refusal-dial.ts";
import { identityOf } from "./storage/data-directory.ts";
import { DataDirectoryError } from "./storage/data-directory-error.ts";
import type { Identity } from "./storage/identity.ts";
import type { MemberStorage } from "./storage/member-storage.ts";
import { diskSpaceOf, nodeDisk } from "./storage/node-disk.ts";
import { openStorage, openVolatileStorage } from "./storage/recovery.ts";
import { readTlsFiles } from "./tls-files.ts";

/** How long calls in progress may take to end when the server stops. Milliseconds. */
const DRAIN_TIMEOUT_MS = 2_000;

/** A member that runs in this process. */
export interface RunningServer extends AsyncDisposable {
  /** Where clients and members reach it: the URLs listened on, with their real ports. */
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
  /** Resolves with the reason if the member cannot go on by itself; never after `close`. */
  readonly failed: Promise<Error>;
  /** Hands leadership over, lets calls end, makes everything durable, stops. */
  close(): Promise<void>;
}

export interface ServerServices {
  /** Default: silent. */
  readonly logger?: Logger;
}

/**
 * Runs one member of a cluster inside this process, in a directory or in memory.
 * @throws ConfigError, DataDirectoryError, or the error of listen; nothing is left open then
 */
export async function startServer(
  options: ServerOptions = {},
  services: ServerServices = {},
): Promise<RunningServer> {
  const config = resolveServerConfig(options);
  const logger = services.logger ?? silentLogger;
  const listeners: Listener[] = [];
  try {
    const clock = systemClock({ keepsProcessAlive: true });
    const clientTls = config.clientTls && (await readTlsFiles(config.clientTls));
    const clientListeners = await listenAll(config.listenClientUrls, clock, listeners, clientTls);
    const peerListeners = await listenAll(config.listenPeerUrls, clock, listeners, null);
    const isClusterNamed = options.initialCluster !== undefined;
    const identity = await identityFor(config, isClusterNamed, clock, logger);
    return await startListening(config, identity, logger, clock, clientListeners, peerListeners);
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
}

async function listenAll(
  urls: ServerConfig["listenClientUrls"],
  clock: Clock,
  opened: Listener[],
  tls: TlsOptions | null,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for (const url of urls) {
    const listener = await Listener.listen(url, clock, url.scheme === "https" ? tls : null);
    opened.push(listener);
    listeners.push(listener);
  }
  return listeners;
}

async function startListening(
  config: ServerConfig,
  identity: Identity,
  logger: Logger,
  clock: Clock,
  clientListeners: readonly Listener[],
  peerListeners: readonly Listener[],
): Promise<RunningServer> {
  const failure = new Failure(logger);
  const atTurnEnd = eventLoopTurn();
  const onRepair = (message: string): void => logger.warn(message);
  const onFatal = failure.report;
  const peerPort = peerListeners[0]?.port ?? 0;
  // The log may hold the loop's thread while it writes: what else this turn has to say leaves before.
  const schedule = (task: () => void): void => atTurnEnd(() => atTurnEnd(task));
  const storageOptions = { identity, clock, onFatal, onRepair, schedule };
  const { storage: location } = config;
  const opening =
    location.kind === "memory"
      ? openVolatileStorage(storageOptions)
      : openStorage(location.path, storageOptions);
  // What is appended while a log is opened never becomes durable once the disk has failed: nobody may wait for it.
  const storage = await Promise.race([opening, failure.raised]);
  try {
    const clientPort = clientListeners[0]?.port ?? 0;
    const creating = MemberNode.create({
      id: identity.memberId,
      clusterId: identity.clusterId,
      name: identity.name,
      clientUrls: config.advertiseClientUrls.map((url) => withPort(url, clientPort)),
      peerUrls: config.initialAdvertisePeerUrls.map((url) => withPort(url, peerPort)),
      founders: identity.members,
      contacts: identity.contacts ?? [],
      strictReconfigCheck: config.strictReconfigCheck,
      storage,
      dial: (_to, endpoints, onRefused) => {
        // With several addresses, one that refuses says nothing of the others.
        const isOnly = endpoints.length === 1;
        return createChannel({
          endpoints,
          dial: isOnly ? tellingRefusals(socketDial(undefined), onRefused) : socketDial(undefined),
          clock,
          atTurnEnd,
          limits: PEER_LINK_LIMITS,
          backoff: PEER_BACKOFF,
        });
      },
      clock,
      prng: seededPrng(randomBytes(6).readUIntBE(0, 6)),
      defer: atTurnEnd,
      logger,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      electionTimeoutMs: config.electionTimeoutMs,
      preVote: config.preVote,
      snapshotCount: config.snapshotCount,
      quotaBytes: config.quotaBackendBytes,
      ...(location.kind === "memory" ? {} : { diskSpace: () => diskSpaceOf(location.path) }),
      watchProgressIntervalMs: config.watchProgressNotifyIntervalMs,
      onFatal: failure.report,
      onRemoved: failure.reportRemoval,
    });
    const node = await Promise.race([creating, failure.raised]);
    const peerServer = createRpcServer({
      clock,
      atTurnEnd,
      limits: PEER_SERVER_LIMITS,
    });
    node.registerPeerMethods(peerServer);
    for (const listener of peerListeners) {
      listener.serve({
        onHttp2: (socket, firstBytes) => peerServer.acceptSocket(socket, firstBytes),
        onHttp1: (socket) => socket.destroy(),
      });
    }
    const clientServer = createRpcServer({ clock, atTurnEnd, limits: clientLimits(config) });
    const guard = registerServices(clientServer, node, config);
    const metrics = new MetricsRegistry();
    registerMemberMetrics(metrics, node.member);
    const http = new HttpService({
      health: healthSourceOf(node),
      version: config.emulatedVersion,
      isClusterVersionDecided: () => node.member.raft.leader !== 0n,
      metrics,
      logger,
      hostNames: [...config.allowedHosts, ...config.advertiseClientUrls.map((url) => url.host)],
    });
    for (const listener of clientListeners) {
      listener.serve({
        onHttp2: (socket, firstBytes) => clientServer.acceptSocket(socket, firstBytes),
        onHttp1: (socket) => http.accept(socket),
      });
    }
    node.start();
    // Alone, it is ready in a moment; among others it may have to wait for them.
    if (node.isAlone) await Promise.race([node.published, failure.raised]);
    return new Server({
      config,
      node,
      storage,
      clientListeners,
      peerListeners,
      clientServer,
      guard,
      peerServer,
      http,
      failure,
    });
  } catch (error) {
    await storage.close();
    throw error;
  }
}

const MIB = 1024 * 1024;

/**
 * What waits for a slow peer before messages to it are dropped, on our side and on its: enough for the appends that
 * Raft keeps in flight (RaftConfig.inflightBytesMax).
 */
const PEER_LINK_LIMITS = {
  streamHighWaterBytes: 16 * MIB,
  outputHighWaterBytes: 32 * MIB,
  outputBytesMax: 128 * MIB,
};
const PEER_SERVER_LIMITS = {
  /** An append message with the largest entry there can be, or a frame of a snapshot. */
  messageBytesMax: 64 * MIB,
  /** Members are few, and what they say bounds itself. */
  turnIntakeBytesMax: Number.POSITIVE_INFINITY,
  streamWindowBytes: 16 * MIB,
  connectionWindowBytes: 32 * MIB,
};

/** A member that comes back is wanted back soon: its peers never wait longer than a few heartbeats. */
const PEER_BACKOFF = { initialMs: 50, maxMs: 500 };

/**
 * Who this member is. A directory that has data knows, so that later starts need not name the cluster again; if they do
 * as for a new one, and it is another, opening the directory refuses.
 */
async function identityFor(
  config: ServerConfig,
  isClusterNamed: boolean,
  clock: Clock,
  logger: Logger,
): Promise<Identity> {
  const { storage, initialClusterState } = config;
  const isToJoin = initialClusterState === "existing";
  const isTold = isClusterNamed && !isToJoin;
  const known = storage.kind === "directory" ? await identityIn(storage.path, isTold) : null;
  if (known !== null && !isTold) return known;
  if (isToJoin) return joinCluster(config, clock, logger);
  const { clusterId, memberId, memberIds } = initialIds(config);
  const members = config.initialMembers.map(({ name, peerUrls }, at) => ({
    id: memberIds[at] ?? 0n,
    name,
    peerUrls: peerUrls.map((url) => url.text),
  }));
  return { clusterId, memberId, name: config.name, members };
}

/** A damaged identity says nothing, but with the cluster named, opening the directory can tell whether that was it. */
function identityIn(path: string, isTold: boolean): Promise<Identity | null> {
  return identityOf(nodeDisk, path).catch((error: unknown) => {
    const isDamaged = error instanceof DataDirectoryError && error.code === "DAMAGED";
    if (!isDamaged || !isTold) throw error;
    return null;
  });
}

/** etcd's receive limit is its request limit and half a MiB: between the two lies "request is too large". */
const RECEIVE_OVERHEAD_BYTES = 512 * 1024;

function clientLimits(config: ServerConfig) {
  return {
    messageBytesMax: config.maxRequestBytes + RECEIVE_OVERHEAD_BYTES,
    concurrentStreamsMax: config.maxConcurrentStreams,
    pingIntervalMinMs: config.grpcKeepaliveMinTimeMs,
    keepaliveTimeMs: config.grpcKeepaliveIntervalMs,
    keepaliveTimeoutMs: config.grpcKeepaliveTimeoutMs,
  };
}

/** The first thing that makes going on impossible. */
class Failure {
  readonly happened: Promise<Error>;
  /** The same as a rejection. */
  get raised(): Promise<never> {
    return this.happened.then((error) => Promise.reject(error));
  }
  readonly report: (error: Error) => void;
  /** The member is none any more: not a fault of it. */
  readonly reportRemoval: (error: MemberRemoved) => void;

  constructor(logger: Logger) {
    let resolve!: (error: Error) => void;
    this.happened = new Promise((onResolve) => {
      resolve = onResolve;
    });
    this.report = (error) => {
      logger.fatal("this member cannot go on", { error });
      resolve(error);
    };
    this.reportRemoval = (error) => {
      logger.warn(error.message);
      resolve(error);
    };
  }
}

interface ServerParts {
  readonly config: ServerConfig;
  readonly node: MemberNode;
  readonly storage: MemberStorage;
  readonly clientListeners: readonly Listener[];
  readonly peerListeners: readonly Listener[];
  readonly clientServer: RpcServer;
  readonly guard: CallGuard;
  readonly peerServer: RpcServer;
  readonly http: HttpService;
  readonly failure: Failure;
}

class Server implements RunningServer {
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
  readonly failed: Promise<Error>;
  readonly #parts: ServerParts;
  #closing: Promise<void> | null = null;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.clientUrls = parts.clientListeners.map(({ urlText }) => urlText);
    this.peerUrls = parts.peerListeners.map(({ urlText }) => urlText);
    this.failed = parts.failure.happened;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { node, storage, clientServer, peerServer, http } = this.#parts;
    for (const listener of this.#parts.clientListeners) listener.close();
    await node.handOver();
    // Streams never end by themselves: their clients go elsewhere, and calls in progress get their answers.
    this.#parts.guard.endStreams(EtcdErrors.stopped);
    await Promise.race([clientServer.drain(), after(DRAIN_TIMEOUT_MS)]);
    node.stop();
    clientServer.close();
    http.close();
    for (const listener of this.#parts.peerListeners) listener.close();
    peerServer.close();
    await storage.close();
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
