import type { HeaderLimits } from "./hpack-decoder.ts";
import type { RateLimit } from "./token-bucket.ts";

/** What a connection lets its peer do, at either end. */
export interface ConnectionLimits extends HeaderLimits {
  /** Octets of one message, read from its prefix before anything is buffered. Over: RESOURCE_EXHAUSTED. */
  readonly messageBytesMax: number;
  /** Octets of one header block before decoding, its CONTINUATIONs included. Over: the connection ends. */
  readonly headerBlockBytesMax: number;
  /** CONTINUATION frames of one header block (CVE-2024-27316 and its kin). Over: the connection ends. */
  readonly continuationFramesMax: number;
  /**
   * RST_STREAMs of the peer on streams younger than a second whose answer it cannot have seen, and those its own faults made us send
   * (CVE-2023-44487, CVE-2025-8671). A crowd of calls whose deadline passes at once is older. Over: the connection ends.
   */
  readonly resets: RateLimit;
  /**
   * Frames that cost the peer nothing and us work: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown types
   * (CVE-2019-9511 to 9518). Each request, each DATA frame and each piece of a long answer earns some back. Over: the
   * connection ends.
   */
  readonly controlFrames: RateLimit;
  /**
   * Octets waiting for the peer to read them, on the socket and under flow control. When more is already waiting, the
   * next message cuts the connection: it holds that much and one message more at worst.
   */
  readonly outputBytesMax: number;
  /** Octets waiting on the socket above which no stream may add to it: they wait in their streams. */
  readonly outputHighWaterBytes: number;
  /** Time for the socket to take a write while that much waits. Over: the connection is cut. ms */
  readonly outputStallTimeoutMs: number;
  /** Octets waiting in one stream above which `send` returns false. */
  readonly streamHighWaterBytes: number;
  /** Octets the peer may send on one stream, and on the connection, before we read them. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Time for the peer's preface and SETTINGS. Over: the socket is closed. ms */
  readonly handshakeTimeoutMs: number;
  /** Silence of the peer after which it is asked for a sign of life. ms; Infinity: never. */
  readonly keepaliveTimeMs: number;
  /** Time for that sign to come. Over: the connection is dead. ms */
  readonly keepaliveTimeoutMs: number;
}

/** What a server allows besides. */
export interface ServerLimits extends ConnectionLimits {
  /** Connections at once. Over: closed as they come. Count. */
  readonly connectionsMax: number;
  /** Streams open on one connection. Over: RST_STREAM REFUSED_STREAM. Count. */
  readonly concurrentStreamsMax: number;
  /**
   * What all connections together bring in, in one turn of the event loop. Over: the rest waits for the next turn, with its
   * sockets held back, while small chunks are let through. Octets.
   */
  readonly turnIntakeBytesMax: number;
  /** Shortest time between PINGs of a client that are not answers to our own work. ms (etcd: 5 s) */
  readonly pingIntervalMinMs: number;
  /** PINGs in excess of that, in a row, before GOAWAY `too_many_pings`. Count. (grpc-go: 2) */
  readonly pingStrikesMax: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const SERVER_LIMITS: ServerLimits = {
  messageBytesMax: 2 * MIB,
  headerListBytesMax: 16 * KIB,
  headerListPairsMax: 64,
  headerBlockBytesMax: 32 * KIB,
  continuationFramesMax: 8,
  resets: { burst: 200, perSecond: 50 },
  controlFrames: { burst: 1_000, perSecond: 100 },
  outputBytesMax: 64 * MIB,
  outputHighWaterBytes: 256 * KIB,
  outputStallTimeoutMs: 60_000,
  streamHighWaterBytes: 128 * KIB,
  streamWindowBytes: 1 * MIB,
  connectionWindowBytes: 4 * MIB,
  handshakeTimeoutMs: 10_000,
  keepaliveTimeMs: 2 * 60 * 60 * 1000,
  keepaliveTimeoutMs: 20_000,
  connectionsMax: 10_000,
  concurrentStreamsMax: 1_000,
  turnIntakeBytesMax: 128 * KIB,
  pingIntervalMinMs: 5_000,
  pingStrikesMax: 2,
};

/** A client trusts the server it chose more than a server trusts whoever connects. */
export const CLIENT_LIMITS: ConnectionLimits = {
  ...SERVER_LIMITS,
  messageBytesMax: 2 ** 31 - 1,
  headerListBytesMax: 64 * KIB,
  headerListPairsMax: 256,
  headerBlockBytesMax: 128 * KIB,
  resets: { burst: 2_000, perSecond: 500 },
  controlFrames: { burst: 10_000, perSecond: 1_000 },
  streamWindowBytes: 4 * MIB,
  connectionWindowBytes: 16 * MIB,
  keepaliveTimeMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};
