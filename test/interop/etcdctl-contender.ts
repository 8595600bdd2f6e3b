import { setTimeout as sleep } from "node:timers/promises";
import { RawClient } from "../support/raw-client.ts";
import { RunningCommand } from "../support/run-command.ts";
import { etcdctl } from "../support/tools.ts";
import { type Contender, Reports } from "./contender-process.ts";
import type { QueueTerms } from "./queue-terms.ts";

/** `etcdctl lock` or `etcdctl elect`, again and again: etcdctl holds, and this process appends to the register for it. */
export class EtcdctlContender implements Contender {
  readonly reports: Reports;
  /** `etcdctl elect` has leases of 60 s and no way to say otherwise: its death would be the end of the run. */
  readonly mayBeKilled: boolean;
  readonly #terms: QueueTerms;
  #command: RunningCommand | null = null;
  #failure: unknown = null;
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;

  constructor(who: string, terms: QueueTerms) {
    this.reports = new Reports(who);
    this.#terms = terms;
    this.mayBeKilled = terms.recipe === "lock";
  }

  start(): void {
    const stop = new AbortController();
    const ended = this.#contend(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) this.#failure = error;
    });
    this.#running = { stop, ended };
  }

  /** Kills the etcdctl that waits or holds. */
  async kill(): Promise<void> {
    this.#running?.stop.abort();
    this.#command?.kill("SIGKILL");
    await this.#command?.result();
    await this.#running?.ended;
    this.#running = null;
  }

  failure(): string | null {
    return this.#failure === null ? null : `${this.reports.who}: ${this.#failure}`;
  }

  async #contend(stopped: AbortSignal): Promise<void> {
    using client = new RawClient(this.#terms.endpoint);
    while (!stopped.aborted) {
      const command = this.#spawn();
      this.#command = command;
      const output = await command.waitForOutput(/\n/, this.#terms.waitMsMax);
      const key = output.slice(0, output.indexOf("\n"));
      await this.#section(client, key);
      command.kill("SIGTERM");
      const { code, stderr } = await command.result();
      if (!stopped.aborted && code !== 0) throw new Error(`exit ${code}: ${stderr}`);
    }
  }

  #spawn(): RunningCommand {
    const { recipe, endpoint, name, ttlSeconds } = this.#terms;
    const args =
      recipe === "lock" ? ["lock", name, `--ttl=${ttlSeconds}`] : ["elect", name, this.reports.who];
    const env = { PATH: process.env.PATH, ETCDCTL_API: "3" };
    return new RunningCommand(etcdctl.path, ["--endpoints", endpoint, ...args], { env });
  }

  /** What the lock protects: read, think, write. The write is guarded by the fence, not by what was read. */
  async #section(client: RawClient, key: string): Promise<void> {
    const { register, holdMs } = this.#terms;
    const own = await client.call("KV.Range", { key });
    const fence = own.kvs[0]?.create_revision ?? 0;
    this.reports.acquired(key, fence, performance.timeOrigin + performance.now());
    const before = await client.call("KV.Range", { key: register });
    const text = before.kvs[0]?.value ?? "";
    await sleep(holdMs);
    const value = `${text}${fence} ${this.reports.who}\n`;
    const { succeeded } = await client.call("KV.Txn", {
      compare: [{ key, target: "CREATE", create_revision: fence }],
      success: [{ request_put: { key: register, value } }],
    });
    if (succeeded) this.reports.released(fence, performance.timeOrigin + performance.now());
    else this.reports.lost("refused by the fence");
  }
}
