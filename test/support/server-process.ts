import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { dataPlace } from "./data-place.ts";
import { freePorts } from "./free-ports.ts";
import { MemberProcess, PortTakenError, type ServerKind } from "./member-process.ts";

export { MemberProcess, type ServerKind } from "./member-process.ts";

export interface DeploymentOptions {
  readonly kind: ServerKind;
  /** Default 1. */
  readonly members?: 1 | 3;
  /** Directory under which the members get theirs. Default: in memory if there is room. */
  readonly dataPlace?: string;
  /** Flags beyond the usual ones, under etcd's names. */
  readonly flags?: readonly string[];
  /** What is started, before the flags. Default: the server of that kind. */
  readonly command?: readonly string[];
  /** Variables of its environment beside our own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Another process may take a port between our look and the server's bind. */
const START_ATTEMPTS_MAX = 4;

/** A running cluster of one kind, its members' processes and their temporary directory. */
export class Deployment implements AsyncDisposable {
  readonly kind: ServerKind;
  readonly members: readonly MemberProcess[];
  readonly #directory: string;
  #turn = 0;
  /** What the logs ended with, kept for a test that failed when their directory is gone already. */
  #lastLogTail: string | undefined;

  private constructor(kind: ServerKind, members: readonly MemberProcess[], directory: string) {
    this.kind = kind;
    this.members = members;
    this.#directory = directory;
  }

  /** Starts every member and waits until all of them are healthy. */
  static async start(options: DeploymentOptions): Promise<Deployment> {
    for (let attempt = 1; ; attempt++) {
      const deployment = await Deployment.#create(options);
      try {
        for (const member of deployment.members) member.start();
        await Promise.all(deployment.members.map((member) => member.waitHealthy()));
        return deployment;
      } catch (error) {
        await deployment[Symbol.asyncDispose]();
        if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS_MAX) throw error;
      }
    }
  }

  static async #create(options: DeploymentOptions): Promise<Deployment> {
    const count = options.members ?? 1;
    const directory = await mkdtemp(
      join(options.dataPlace ?? (await dataPlace()), `conformance-${options.kind}-`),
    );
    const ports = await freePorts(count * 2);
    const peers = ports.slice(count);
    const initialCluster = peers
      .map((port, index) => `m${index + 1}=http://127.0.0.1:${port}`)
      .join(",");
    const members = peers.map((peerPort, index) => {
      const clientPort = ports[index];
      if (clientPort === undefined) throw new Error("a member without a client port");
      return new MemberProcess({
        kind: options.kind,
        name: `m${index + 1}`,
        dataDir: directory,
        logFile: join(directory, `m${index + 1}.log`),
        clientPort,
        peerPort,
        initialCluster,
        flags: options.flags ?? [],
        ...(options.command === undefined ? {} : { command: options.command }),
        ...(options.env === undefined ? {} : { env: options.env }),
      });
    });
    return new Deployment(options.kind, members, directory);
  }

  get endpoints(): string[] {
    return this.members.map((member) => member.endpoint);
  }

  /**
   * Members in turn, so that what one call wrote through one member the next reads through another:
   * no member may be a worse place to ask.
   */
  nextMember(): MemberProcess {
    const member = this.members[this.#turn++ % this.members.length];
    if (member === undefined) throw new Error("a deployment without members");
    return member;
  }

  member(name: string): MemberProcess {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  }

  logTail(): string {
    return this.#lastLogTail ?? this.members.map((member) => member.logTail()).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    this.#lastLogTail = this.logTail();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
