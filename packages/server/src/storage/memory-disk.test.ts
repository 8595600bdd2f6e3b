import { seededPrng } from "@conclave/base";
import { describe, expect, test } from "vitest";
import type { CrashMode } from "./disk-image.ts";
import { MemoryDisk, systemError } from "./memory-disk.ts";

async function diskWithFile() {
  const disk = new MemoryDisk({ tracksDurability: true });
  await disk.makeDirectory("/d");
  const file = await disk.open("/d/a", { create: true });
  await file.write(0, [Buffer.from("synced")]);
  await file.sync();
  await disk.syncDirectory("/d");
  return { disk, file };
}

async function afterCrash(disk: MemoryDisk, mode: CrashMode, path = "/d/a") {
  const survivor = new MemoryDisk({ image: disk.image.afterCrash(mode, seededPrng(1)) });
  const names = await survivor.list("/d");
  if (!names.includes(path.slice(3))) return null;
  const file = await survivor.open(path, { create: false });
  return Buffer.from(await file.read(0, await file.size())).toString();
}

describe("after a power cut", () => {
  test("synced bytes are there; what came later may be lost or kept", async () => {
    const { disk, file } = await diskWithFile();
    await file.write(6, [Buffer.from(" not"), Buffer.from(" synced")]);
    expect(await afterCrash(disk, "nothing")).toBe("synced");
    expect(await afterCrash(disk, "everything")).toBe("synced not synced");
  });

  test("each sector of an unsynced write goes its own way, and may be torn", async () => {
    const { disk, file } = await diskWithFile();
    await file.write(0, [Buffer.alloc(512 * 64, "x")]);
    const some = (await afterCrash(disk, "some")) ?? "";
    const sectors = Array.from({ length: 64 }, (_, at) => some.slice(at * 512, (at + 1) * 512));
    const whole = sectors.filter((sector) => /^x{512}$/.test(sector)).length;
    expect(whole).toBeGreaterThan(10);
    expect(whole).toBeLessThan(54);
    expect((await afterCrash(disk, "torn-sectors")) ?? "").toMatch(/x[^x]/);
  });

  test("a rename that was not synced may not have happened; the file has one of its names (F6)", async () => {
    const { disk } = await diskWithFile();
    await disk.rename("/d/a", "/d/b");
    expect(await afterCrash(disk, "no-names", "/d/a")).toBe("synced");
    expect(await afterCrash(disk, "everything", "/d/b")).toBe("synced");
    await disk.syncDirectory("/d");
    expect(await afterCrash(disk, "nothing", "/d/b")).toBe("synced");
    expect(await afterCrash(disk, "nothing", "/d/a")).toBeNull();
  });
});

describe("faults", () => {
  test("a hook may refuse an operation, or let only a part of a write through", async () => {
    let mode: "fine" | "refuse" | "short" = "fine";
    const disk = new MemoryDisk({
      beforeOperation: (operation) => {
        if (mode === "refuse") throw systemError("ENOSPC", "disk");
        if (mode === "short" && operation.type === "write") {
          return { ...operation, bytes: operation.bytes.subarray(0, 2) };
        }
        return undefined;
      },
    });
    const file = await disk.open("/a", { create: true });
    mode = "refuse";
    await expect(file.write(0, [Buffer.from("lost")])).rejects.toMatchObject({ code: "ENOSPC" });
    mode = "short";
    await expect(file.write(0, [Buffer.from("half")])).rejects.toMatchObject({ code: "EIO" });
    expect(Buffer.from(await file.read(0, 10)).toString()).toBe("ha");
  });

  test("the usual errors of a file system", async () => {
    const disk = new MemoryDisk();
    await disk.open("/a", { create: true });
    await expect(disk.open("/a", { create: true })).rejects.toMatchObject({ code: "EEXIST" });
    await expect(disk.open("/b", { create: false })).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.list("/none")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.remove("/none")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
