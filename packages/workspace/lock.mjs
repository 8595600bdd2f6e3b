/** One installation or build at a time, when several members are started from one clone at once. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { workspaceRoot } from "./workspace.mjs";

/** How often a waiting process looks again. Milliseconds. */
const RETRY_MS = 100;

/**
 * Runs `body` while no other process holds the lock of that name. A lock whose owner is gone is
 * taken over. Two waiters that find the same dead owner in the same instant may both get in; they
 * would then build the same bytes from the same sources.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} body
 * @param {string} [directory]
 * @returns {Promise<T>}
 */
export async function withLock(name, body, directory = join(workspaceRoot, ".cache")) {
  const path = join(directory, `${name}.lock`);
  mkdirSync(directory, { recursive: true });
  while (!tryTake(path)) await delay(RETRY_MS);
  try {
    return await body();
  } finally {
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
function tryTake(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (ownerIsGone(path)) rmSync(path, { force: true });
  return false;
}

/** @param {string} path */
function ownerIsGone(path) {
  let owner;
  try {
    owner = Number(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
  if (!Number.isInteger(owner) || owner <= 0) return false; // being written right now
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}
