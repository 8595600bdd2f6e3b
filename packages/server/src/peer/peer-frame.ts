import { crc32 } from "node:zlib";
import type { MemberId } from "@conclave/raft";
import type { Logger } from "../observe/logger.ts";
import { formatId } from "./peer-protocol.ts";

/**
 * What members send each other ends with a CRC-32 of what is before it, big-endian. TCP's own checksum is 16 bits of a sum
 * that network cards and routers make anew: of damaged packets it lets some through (Stone and Partridge, "When the CRC and
 * TCP Checksum Disagree", SIGCOMM 2000). A command turned on its way would be applied by all members alike, and no
 * comparison of their states could find it.
 */
export const FRAME_CHECK_BYTES = 4;

/** A copy of `body` with its checksum. */
export function sealFrame(body: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(body.length + FRAME_CHECK_BYTES);
  frame.set(body);
  return sealInPlace(frame);
}

/** Writes the checksum into the last {@link FRAME_CHECK_BYTES} of `frame`, which were kept free for it. */
export function sealInPlace(frame: Uint8Array): Uint8Array {
  const end = frame.length - FRAME_CHECK_BYTES;
  writeUint32(frame, crc32(frame.subarray(0, end)), end);
  return frame;
}

/** @returns the body, a view of `frame`; null if it is not what was sealed. */
export function openFrame(frame: Uint8Array): Uint8Array | null {
  const end = frame.length - FRAME_CHECK_BYTES;
  if (end < 0) return null;
  const body = frame.subarray(0, end);
  return crc32(body) === readUint32(frame, end) ? body : null;
}

/** Peers whose damaged frames are counted one by one, and logged. Count. */
const PEERS_COUNTED_MAX = 1_000;

/** Counts the frames that arrived damaged. Of each peer the first is logged, then each one that doubles their number. */
export class DamagedFrames {
  readonly #logger: Logger;
  /** At most {@link PEERS_COUNTED_MAX}: whoever knows the cluster's id can call himself what he wants. */
  readonly #byPeer = new Map<MemberId, number>();
  /** Of all peers. Count. */
  total = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  onDamaged(from: MemberId): void {
    this.total += 1;
    const before = this.#byPeer.get(from);
    if (before === undefined && this.#byPeer.size >= PEERS_COUNTED_MAX) return;
    const count = (before ?? 0) + 1;
    this.#byPeer.set(from, count);
    if (!Number.isInteger(Math.log2(count))) return;
    this.#logger.warn(
      "a frame of a peer was damaged on its way: dropped, with its connection; look for bad network cards or memory",
      { peer: formatId(from), count },
    );
  }
}

/** Byte by byte: a DataView for each small frame costs more than its checksum. */
function writeUint32(bytes: Uint8Array, value: number, at: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 8) | bytes[at + 1]!;
  const low = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return high * 2 ** 16 + low;
}
