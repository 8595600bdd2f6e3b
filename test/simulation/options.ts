import { nextBelow, type Prng, seededPrng } from "@conclave/base";
import type { ClusterOptions } from "@conclave/testing/cluster";

/** Each seed has its own cluster: small or large, slow or quick, with ample buffers or with tiny ones. */
export function drawOptions(seed: number, prng: Prng): ClusterOptions {
  const pick = <T>(first: T, ...others: readonly T[]): T =>
    [first, ...others][nextBelow(prng, others.length + 1)] ?? first;
  const heartbeatIntervalMs = pick(50, 100);
  const entryBytes = 100;
  // Drawn apart: what is drawn here by `prng` is drawn before everything that a run does.
  const strict = nextBelow(seededPrng(~seed), 4) === 0;
  return {
    seed,
    size: pick(3, 3, 3, 3, 3, 3, 5, 5, 5, 1, 2, 4, 6, 7),
    disk: {
      syncMsMax: pick(0, 1, 5, 20),
      flushMsMax: pick(1, 50, 500),
      segmentBytes: pick(4, 16, 64) * 1024,
      overlayBytesMax: pick(1, 4, 64) * 1024,
    },
    network: { delayMsMax: pick(0, 1, 5, 20) },
    heartbeatIntervalMs,
    electionTimeoutMs: heartbeatIntervalMs * pick(10, 10, 5, 20),
    preVote: pick(true, true, false),
    raft: {
      appendBytesMax: entryBytes * pick(10_000, 1, 3, 10),
      smallAppendsMax: pick(2, 1, 256),
      inflightMessagesMax: pick(256, 1, 2, 8),
      committedBytesMax: entryBytes * pick(10_000, 1, 10),
    },
    watchProgressIntervalMs: pick(2_000, 100),
    streamHighWaterBytes: pick(128 * 1024, 200),
    snapshotCount: pick(1_000, 50, 20, 5, 5),
    keptEntriesMax: pick(0, 3, 20),
    repairs: pick(true, true, false),
    strictReconfigCheck: strict,
  };
}
