import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkDirectoryAccess, exposureOf } from "./directory-access.ts";
import { nodeDisk } from "./node-disk.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

describe("a directory with a member's data", () => {
  test.each([
    { mode: 0o700, uid: 1000, why: null },
    { mode: 0o750, uid: 1000, why: null },
    { mode: 0o755, uid: 1000, why: null },
    { mode: 0o700, uid: 0, why: null },
    { mode: 0o770, uid: 1000, why: /mode 0770\): chmod 0700/ },
    { mode: 0o777, uid: 1000, why: /mode 0777/ },
    { mode: 0o702, uid: 1000, why: /mode 0702/ },
    { mode: 0o700, uid: 1001, why: /belongs to user 1001, and this is user 1000/ },
  ])("of mode $mode that is user $uid's: $why", ({ mode, uid, why }) => {
    const exposure = exposureOf("/d/member", { mode: 0o40000 | mode, uid }, 1000);
    if (why === null) expect(exposure).toBeNull();
    else expect(exposure).toMatch(why);
  });

  test("is refused by name when others may write into it, and taken when they may not", async () => {
    const directory = join(await temporaryDirectory(), "member");
    await mkdir(directory);
    await chmod(directory, 0o777);
    await expect(checkDirectoryAccess(directory)).rejects.toMatchObject({ code: "EXPOSED" });
    await chmod(directory, 0o700);
    await checkDirectoryAccess(directory);
  });

  test("is made for its owner alone, and so are files in it", async () => {
    const directory = join(await temporaryDirectory(), "member");
    await nodeDisk.makeDirectory(directory);
    await checkDirectoryAccess(directory);
    const file = await nodeDisk.open(join(directory, "vote"), { create: true });
    await file.close();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "vote"))).mode & 0o777).toBe(0o600);
  });
});
