import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "./lock.mjs";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "conclave-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("bodies under one lock never overlap", async () => {
  let inside = 0;
  let most = 0;
  const body = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(() => withLock("build", body, directory)));
  expect(most).toBe(1);
});

test("a lock is released when its body throws", async () => {
  const failing = withLock("build", () => Promise.reject(new Error("no")), directory);
  await expect(failing).rejects.toThrow("no");
  expect(await withLock("build", async () => "done", directory)).toBe("done");
  expect(existsSync(join(directory, "build.lock"))).toBe(false);
});

test("a lock whose owner died is taken over", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  writeFileSync(join(directory, "build.lock"), String(pid));
  expect(await withLock("build", async () => "done", directory)).toBe("done");
});
