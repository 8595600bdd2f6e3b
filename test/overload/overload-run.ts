import { setTimeout as sleep } from "node:timers/promises";
import type { MemberProcess } from "../support/member-process.ts";
import { RawClient } from "../support/raw-client.ts";
import { Deployment } from "../support/server-process.ts";
import { type Felt, Pulse } from "./pulse.ts";

const RSS_EVERY_MS = 50;
const QUIET_MS = 1_000;
const RECOVERED_EVERY_MS = 500;

/** What one kind of overload did to a server. */
export interface Figures {
  readonly residentBytesBefore: number;
  readonly residentBytesMax: number;
  readonly before: Felt;
  readonly during: Felt;
  /** From the end of the load until the pulse was as before. */
  readonly recoveredAfterMs: number;
}

/** A server process of its own for one kind of overload, its pulse, and a look at its memory all the while. */
export class OverloadRun implements AsyncDisposable {
  readonly member: MemberProcess;
  readonly #deployment: Deployment;
  readonly #pulse: Pulse;
  readonly #sampling: NodeJS.Timeout;
  #residentBytesMax = 0;

  private constructor(deployment: Deployment, pulse: Pulse) {
    this.#deployment = deployment;
    this.#pulse = pulse;
    this.member = deployment.members[0]!;
    this.#sampling = setInterval(() => this.#sample(), RSS_EVERY_MS);
  }

  static async begin(options: { members?: 1 | 3; flags?: readonly string[] } = {}) {
    const deployment = await Deployment.start({
      kind: "conclave",
      members: options.members ?? 1,
      flags: options.flags ?? [],
    });
    const pulse = await Pulse.begin(deployment.members[0]!.endpoint);
    return new OverloadRun(deployment, pulse);
  }

  get port(): number {
    return this.member.settings.clientPort;
  }

  /** A figure of the member's own, from its metrics. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`http://${this.member.endpoint}/metrics`);
    const line = new RegExp(`^${name} (.*)$`, "m").exec(await answer.text());
    if (line === null) throw new Error(`no metric ${name}`);
    return Number(line[1]);
  }

  /** The term that each member is in: as long as it stays, nobody else was elected. */
  async terms(): Promise<unknown[]> {
    const terms: unknown[] = [];
    for (const member of this.#deployment.members) {
      using client = new RawClient(member.endpoint);
      const { header } = await client.call("KV.Range", { key: "pulse", serializable: true });
      terms.push(header?.raft_term);
    }
    return terms;
  }

  /** The pulse before, during and after a load; after it, the server has to be as quick as before, nearly. */
  async measure(load: () => Promise<void>, recoveredWithinMs = 30_000): Promise<Figures> {
    await sleep(QUIET_MS / 2); // connections and compilers warm up
    await this.#pulse.take();
    await sleep(QUIET_MS);
    const before = await this.#pulse.take();
    this.#residentBytesMax = 0;
    this.#sample();
    const residentBytesBefore = this.#residentBytesMax;
    await load();
    const during = await this.#pulse.take();
    const recoveredAfterMs = await this.#recovered(before, recoveredWithinMs);
    const { residentBytesMax } = this;
    return { residentBytesBefore, residentBytesMax, before, during, recoveredAfterMs };
  }

  get residentBytesMax(): number {
    this.#sample();
    return this.#residentBytesMax;
  }

  async #recovered(before: Felt, withinMs: number): Promise<number> {
    const beganMs = performance.now();
    for (;;) {
      await sleep(RECOVERED_EVERY_MS);
      const { put, keepAlive } = await this.#pulse.take();
      const isQuick = (now: Felt["put"], then: Felt["put"]) =>
        now.count > 2 && now.p50 < Math.max(50, 5 * then.p50);
      const tookMs = performance.now() - beganMs;
      if (isQuick(put, before.put) && isQuick(keepAlive, before.keepAlive)) return tookMs;
      if (tookMs > withinMs) {
        throw new Error(`still slow after ${tookMs} ms: ${JSON.stringify({ put, keepAlive })}`);
      }
    }
  }

  #sample(): void {
    if (!this.member.running) return;
    this.#residentBytesMax = Math.max(this.#residentBytesMax, this.member.residentBytes());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampling);
    await this.#pulse[Symbol.asyncDispose]();
    await this.#deployment[Symbol.asyncDispose]();
  }
}
