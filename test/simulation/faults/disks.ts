import { nextBelow, type Prng } from "@conclave/base";
import type { DiskTroubles, RotKind } from "@conclave/testing/cluster";
import type { Fault, FaultWorld } from "./world.ts";

const SLOW_MS_MAX = 300;
const HANG_MS_MAX = 4_000;
const SPELL_MS_MAX = 2_500;

/** F7 to F13: what disks do. A member whose disk failed ends at once, and is started again. */
export const DISK_FAULTS = {
  slowDisk: (world, prng) => {
    const slowMs = 1 + nextBelow(prng, SLOW_MS_MAX);
    return trouble(world, prng, SPELL_MS_MAX, "is slow", (troubles, isOn) => {
      troubles.slowMs = isOn ? slowMs : 0;
    });
  },
  hangingDisk: (world, prng) =>
    trouble(world, prng, HANG_MS_MAX, "hangs", (troubles, isOn) => {
      troubles.isHanging = isOn;
    }),
  fullDisk: (world, prng) =>
    trouble(world, prng, SPELL_MS_MAX, "is full", (troubles, isOn) => {
      troubles.isFull = isOn;
    }),
  failingSync: (world, prng) =>
    trouble(world, prng, SPELL_MS_MAX, "fails to sync", (troubles, isOn) => {
      troubles.syncsToFail = isOn ? 1 : 0;
    }),
  failingWrite: (world, prng) =>
    trouble(world, prng, SPELL_MS_MAX, "fails to write", (troubles, isOn) => {
      troubles.writesToFail = isOn ? 1 : 0;
    }),
  rottenBit: (world, prng) => rot(world, prng, "bit"),
  lostSector: (world, prng) => rot(world, prng, "lost-sector"),
  misplacedSector: (world, prng) => rot(world, prng, "misplaced-sector"),
} as const satisfies Record<string, Fault>;

function trouble(
  world: FaultWorld,
  prng: Prng,
  msMax: number,
  what: string,
  set: (troubles: DiskTroubles, isOn: boolean) => void,
): boolean {
  const member = world.draw(prng);
  if (member === null) return false;
  world.cluster.note(`the disk of ${member.name} ${what}`);
  set(member.disk.troubles, true);
  world.later(nextBelow(prng, msMax), () => set(member.disk.troubles, false));
  return true;
}

/** The member is down when it happens, and notices when it starts again. */
function rot(world: FaultWorld, prng: Prng, kind: RotKind): boolean {
  const member = world.drawUp(prng);
  if (member === null || !world.mayRuin(member)) return false;
  member.crash();
  return member.rot(kind);
}
