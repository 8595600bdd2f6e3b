import { spawnSync } from "node:child_process";
import { findFaketime } from "./clock-shift.ts";

/**
 * Namespaces of its own for a run: network, processes and mounts. Whatever the run started and made ends with it, also
 * when it is killed. A user who is not root becomes one inside, where the kernel allows that.
 */
const ISOLATION = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
const AS_ROOT = ["--user", "--map-root-user"];
const TOOLS = ["ip", "nft", "tc", "nsenter"];

export interface Sandbox {
  /** What a command is put behind to run in a sandbox of its own. */
  readonly command: readonly string[];
  /** What is missing here, in words; null if nothing is. */
  readonly missing: string | null;
}

let known: Sandbox | undefined;

export function sandbox(): Sandbox {
  known ??= lookForSandbox();
  return known;
}

function lookForSandbox(): Sandbox {
  const isRoot = process.getuid?.() === 0;
  const command = ["unshare", ...(isRoot ? [] : AS_ROOT), ...ISOLATION];
  const absent = TOOLS.filter((tool) => !succeeds(["which", tool]));
  if (absent.length > 0) return { command, missing: `${absent.join(", ")}: not installed` };
  // What a run does first, and what some containers forbid.
  const probe = "ip link add probe type bridge && nft add table inet probe";
  if (!succeeds([...command, "sh", "-c", probe])) {
    return { command, missing: "network namespaces: not allowed here" };
  }
  return { command, missing: null };
}

/** Steps of clocks are left out of the runs where it is not installed. */
export const hasFaketime = (): boolean => findFaketime() !== null;

function succeeds([file = "", ...args]: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: "ignore", timeout: 20_000 }).status === 0;
}
