import { nextBelow, type Prng } from "@conclave/base";
import {
  type DiskImage,
  decodeGroupHeader,
  decodeSegmentHeader,
  GROUP_HEADER_BYTES,
  groupStride,
  SEGMENT_HEADER_BYTES,
} from "@conclave/server/simulation";

/** One bit turned; a sector that lost its content; a sector with the content of another. */
export type RotKind = "bit" | "lost-sector" | "misplaced-sector";

const SECTOR_BYTES = 512;

interface Stretch {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Damages a log where the format promises to notice: not in its very last group, nor in the fill between two groups, see
 * "What cannot be told apart" in docs/wal-format.md. @returns whether there was such a place
 */
export function rotLog(image: DiskImage, directory: string, kind: RotKind, prng: Prng): boolean {
  const names = image.list(directory).filter((name) => name.endsWith(".wal"));
  const paths = names.sort().map((name) => `${directory}/${name}`);
  const stretches = paths.flatMap((path, at) => {
    const found = vouchedStretches(image, path);
    return at === paths.length - 1 ? found.slice(0, -1) : found;
  });
  const stretch = stretches[nextBelow(prng, stretches.length || 1)];
  if (stretch === undefined) return false;
  const ends = stretches.filter(({ path }) => path === stretch.path).map(({ to }) => to);
  const change =
    kind === "bit"
      ? turnBit(image, stretch, prng)
      : loseSector(image, stretch, Math.max(...ends), kind);
  if (change === null) return false;
  const file = image.fileAt(stretch.path) ?? 0;
  image.apply({ type: "write", file, ...change });
  image.apply({ type: "sync", file });
  return true;
}

/** The header of a segment, and each of its groups. */
function vouchedStretches(image: DiskImage, path: string): Stretch[] {
  const bytes = contentOf(image, path);
  const segment = decodeSegmentHeader(bytes);
  if (segment === null) return [];
  const stretches: Stretch[] = [{ path, from: 0, to: SEGMENT_HEADER_BYTES }];
  let at = SEGMENT_HEADER_BYTES;
  for (;;) {
    const group = decodeGroupHeader(bytes, at, segment.seed);
    if (group === null) return stretches;
    stretches.push({ path, from: at, to: at + GROUP_HEADER_BYTES + group.bodyBytes });
    at += groupStride(group.bodyBytes);
  }
}

function turnBit(image: DiskImage, { path, from, to }: Stretch, prng: Prng) {
  const offset = from + nextBelow(prng, to - from);
  const byte = contentOf(image, path)[offset] ?? 0;
  return { offset, bytes: Uint8Array.of(byte ^ (1 << nextBelow(prng, 8))) };
}

/** The sector in which the stretch begins; null if it reaches beyond what is vouched for, or nothing would change. */
function loseSector(image: DiskImage, { path, from }: Stretch, vouchedEnd: number, kind: RotKind) {
  const offset = from - (from % SECTOR_BYTES);
  if (offset + SECTOR_BYTES > vouchedEnd) return null;
  const content = contentOf(image, path);
  const sector = content.subarray(offset, offset + SECTOR_BYTES);
  const elsewhere = content.subarray(offset + SECTOR_BYTES, offset + 2 * SECTOR_BYTES);
  const bytes = new Uint8Array(SECTOR_BYTES);
  if (kind === "misplaced-sector") bytes.set(elsewhere);
  return sector.equals(bytes) ? null : { offset, bytes };
}

function contentOf(image: DiskImage, path: string): Buffer {
  return Buffer.from(image.contentOf(image.fileAt(path) ?? 0));
}
