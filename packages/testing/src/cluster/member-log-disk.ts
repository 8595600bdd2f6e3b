import type { Disk, DiskFile } from "@conclave/server/simulation";
import type { IncarnationClock } from "./clock.ts";
import type { DiskTroubles } from "./disk-troubles.ts";
import type { Steps } from "./steps.ts";

/** Where a call lands: names of failpoints are made of it. */
function kindOf(path: string): "prepared" | "segment" | "record" {
  if (path.startsWith("/member/")) return "record";
  return path.endsWith(".wal") ? "segment" : "prepared";
}

/**
 * A disk whose syncs take time, and on which every call can fail, hang or be the last. What was to happen after a call
 * does not, once its member is dead.
 */
export class MemberLogDisk implements Disk {
  readonly #disk: Disk;
  readonly #clock: IncarnationClock;
  readonly #troubles: DiskTroubles;
  readonly #steps: Steps;
  readonly #drawMs: () => number;

  constructor(parts: {
    disk: Disk;
    clock: IncarnationClock;
    troubles: DiskTroubles;
    steps: Steps;
    drawMs: () => number;
  }) {
    this.#disk = parts.disk;
    this.#clock = parts.clock;
    this.#troubles = parts.troubles;
    this.#steps = parts.steps;
    this.#drawMs = parts.drawMs;
  }

  list(directory: string): Promise<readonly string[]> {
    return this.#step("directory list", () => this.#disk.list(directory));
  }

  async open(path: string, options: { readonly create: boolean }): Promise<DiskFile> {
    const name = `${kindOf(path)} ${options.create ? "create" : "open"}`;
    const file = await this.#step(name, () => this.#disk.open(path, options));
    return this.#file(file, kindOf(path));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step(`${kindOf(from)} rename`, () => this.#disk.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#step(`${kindOf(path)} remove`, () => this.#disk.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#step("directory sync", async () => {
      await this.#wait();
      await this.#disk.syncDirectory(path);
    });
  }

  #file(file: DiskFile, kind: ReturnType<typeof kindOf>): DiskFile {
    const filling = kind === "segment" ? "segment repair" : `${kind} fill`;
    // A prepared segment gets its name after its first write; the file that is open stays the same.
    const durably = (offset: number): string =>
      kind === "prepared" && offset === 0 ? "prepared begin" : "segment append";
    const sync = async (): Promise<void> => {
      await this.#wait();
      await file.sync();
    };
    return {
      path: file.path,
      size: () => file.size(),
      read: (offset, length) => this.#step(`${kind} read`, () => file.read(offset, length)),
      write: (offset, chunks) => this.#step(filling, () => file.write(offset, chunks)),
      sync: () => this.#step(`${filling}-sync`, sync),
      writeDurably: async (offset, bytes) => {
        const name = durably(offset);
        await this.#step(name, () => file.write(offset, [bytes]));
        await this.#step(`${name}-sync`, sync);
        await this.#wait();
      },
      truncate: (sizeBytes) => file.truncate(sizeBytes),
      close: () => file.close(),
    };
  }

  async #step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    await this.#reach(name, "before");
    const result = await work();
    await this.#reach(name, "after");
    return result;
  }

  async #reach(name: string, side: "before" | "after"): Promise<void> {
    const action = this.#steps.reach(`${name}: ${side}`);
    // A promise of its own: one that all of them shared would hold every cluster of the process.
    if (!this.#clock.isAlive) await new Promise<never>(() => {});
    if (action === "delay") await this.#clock.after(this.#steps.drawDelayMs());
    if (action === "error") throw this.#troubles.fail("EIO", name);
  }

  async #wait(): Promise<void> {
    await this.#clock.after(this.#drawMs() + this.#troubles.slowMs);
    while (this.#troubles.isHanging) await this.#clock.after(HANG_LOOK_MS);
  }
}

/** How often what hangs looks whether it goes on. Virtual ms. */
export const HANG_LOOK_MS = 20;
