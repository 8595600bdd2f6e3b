import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, nextChance } from "@conclave/base";
import type { Client } from "@conclave/client";
import type { LeaseLife } from "../operations.ts";
import { PREFIX } from "./key-names.ts";
import { RecordedWrites } from "./recorded-writes.ts";
import { openClient } from "./sdk-client.ts";
import { ignoreOwnErrors, settled } from "./sdk-writer.ts";
import type { Scene, Worker } from "./worker.ts";

const TTL_SECONDS = 2;
const RENEWALS_MAX = 3;
const RENEW_AFTER_MS_MAX = 1_500;

/** Grants leases, puts a key under each, renews some for a while and revokes a few; the others end by themselves. */
export class LeaseWorker implements Worker {
  readonly name: string;
  readonly #scene: Scene;
  readonly #client: Client;
  readonly #writes: RecordedWrites;
  #isStopping = false;

  constructor(name: string, scene: Scene) {
    this.name = name;
    this.#scene = scene;
    this.#client = openClient(name, scene);
    this.#writes = new RecordedWrites(name, scene);
  }

  async run(): Promise<void> {
    while (!this.#isStopping) {
      await sleep(20);
      await this.#live().catch(ignoreOwnErrors);
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #live(): Promise<void> {
    const { prng } = this.#scene;
    const lease = await this.#grant();
    const write = this.#writes.begin("put", lease.key, this.#writes.drawValue());
    const put = this.#client.kv.put(lease.key, write.value, { leaseId: lease.id });
    this.#writes.answered(write, (await settled(write, put)).revision, true);
    const renewals = nextBelow(prng, RENEWALS_MAX + 1);
    for (let count = 0; count < renewals && !this.#isStopping; count += 1) {
      await sleep(nextBelow(prng, RENEW_AFTER_MS_MAX));
      const sentMs = this.#scene.nowMs();
      await this.#client.leases.keepAliveOnce(lease.id);
      lease.renewedAtMs = sentMs;
    }
    if (!nextChance(prng, 0.3)) return;
    lease.revokeAskedMs = this.#scene.nowMs();
    await this.#client.leases.revoke(lease.id);
  }

  async #grant(): Promise<LeaseLife> {
    const askedMs = this.#scene.nowMs();
    const { leaseId, ttl } = await this.#client.leases.grant(`${TTL_SECONDS}s`);
    const lease: LeaseLife = {
      client: this.name,
      id: leaseId,
      ttlMs: ttl,
      key: `${PREFIX.leased}${this.#writes.drawValue()}`,
      renewedAtMs: askedMs,
      revokeAskedMs: Number.POSITIVE_INFINITY,
    };
    this.#scene.operations.leases.push(lease);
    return lease;
  }
}
