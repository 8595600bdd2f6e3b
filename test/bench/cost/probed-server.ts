import { rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { eventually } from "../../support/eventually.ts";
import { Deployment } from "../../support/server-process.ts";
import { conclaveServer } from "../../support/tools.ts";
import { FLAGS } from "../servers/runner.ts";
import type { Instrument, Seen } from "./probe.ts";

/** Beside this file, once both are bundled. */
const PROBE = fileURLToPath(new URL("./probe.mjs", import.meta.url));

/** A member of Conclave that can be watched from inside. */
export class ProbedServer implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly #socket: Socket;
  readonly #answers: AsyncIterator<string>;

  private constructor(deployment: Deployment, socket: Socket) {
    this.deployment = deployment;
    this.#socket = socket;
    this.#answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  /** @param directory where its socket is to be */
  static async start(directory: string): Promise<ProbedServer> {
    const path = join(directory, "probe");
    rmSync(path, { force: true }); // what an earlier server has left
    const deployment = await Deployment.start({
      kind: "conclave",
      flags: FLAGS,
      dataPlace: tmpdir(),
      command: [process.execPath, `--import=${pathToFileURL(PROBE)}`, conclaveServer.path, "serve"],
      env: { CONCLAVE_PROBE_SOCKET: path },
    });
    try {
      return new ProbedServer(deployment, await eventually(() => connected(path)));
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.deployment.members[0]!.pid;
  }

  get dataDirectory(): string {
    return this.deployment.members[0]!.settings.dataDir;
  }

  async begin(instrument: Instrument): Promise<void> {
    await this.#ask(instrument);
  }

  /** What was seen since {@link begin}. */
  async end(): Promise<Seen> {
    return (await this.#ask("end")) as Seen;
  }

  async #ask(line: string): Promise<unknown> {
    this.#socket.write(`${line}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the server has gone\n${this.deployment.logTail()}`);
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.deployment[Symbol.asyncDispose]();
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => resolve(socket));
    socket.once("error", reject);
  });
}
