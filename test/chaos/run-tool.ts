import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Runs a program of the system. @returns what it printed @throws Error with what it complained of */
export async function runTool(file: string, args: readonly string[], input = ""): Promise<string> {
  const child = spawn(file, args, { stdio: "pipe" });
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const closed = once(child, "close");
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ]);
  if (code !== 0) throw new Error(`${file} ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}
