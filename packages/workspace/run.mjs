/** Running the tools of the workspace as child processes. */
import { spawn } from "node:child_process";
import { workspaceRoot } from "./workspace.mjs";

/**
 * @typedef {object} CommandResult
 * @property {number} exitCode 128 + n is not used: a command that a signal ended counts as 1
 * @property {string} output stdout and stderr as they came; empty if they were inherited
 */

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, isQuiet?: boolean, isShell?: boolean }} [options]
 *   isQuiet: hold the output back and return it instead of showing it
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, options = {}) {
  const { cwd = workspaceRoot, env = process.env, isQuiet = false, isShell = false } = options;
  return new Promise((resolve, reject) => {
    const stdio = isQuiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"];
    const child = spawn(command, args, { cwd, env, stdio, shell: isShell });
    const output = [];
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ exitCode: code ?? 1, output: Buffer.concat(output).toString("utf8") });
    });
  });
}

/**
 * Runs a script of an installed tool with this very Node, so that no shell and no PATH is involved.
 * @param {string} script path inside node_modules
 * @param {readonly string[]} args
 * @param {Parameters<typeof runCommand>[2]} [options]
 */
export function runTool(script, args, options) {
  return runCommand(
    process.execPath,
    [`${workspaceRoot}/node_modules/${script}`, ...args],
    options,
  );
}

/** A step of the workspace that did not succeed; `output` is what the tool had to say. */
export class StepFailed extends Error {
  /** @param {string} message @param {string} output */
  constructor(message, output = "") {
    super(message);
    this.name = "StepFailed";
    this.output = output;
  }
}

/**
 * Runs the body of a script; a failed step is reported in full and exits 1.
 * @param {() => Promise<void>} body
 */
export async function runScript(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    if (error.output !== "") process.stderr.write(`${error.output.trimEnd()}\n`);
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
