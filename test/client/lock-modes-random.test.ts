import { setTimeout as sleep } from "node:timers/promises";
import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { type Client, ConclaveError, type Lock, type LockOptions } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { eventually } from "../support/eventually.ts";
import { clientsOf } from "./client-support.ts";
import { playFaults } from "./play-faults.ts";

const CLIENTS = 4;
const TASKS_PER_CLIENT = 3;
const DURATION_MS = 3_000;
/** It goes on until each kind of claim was granted so often. */
const GRANTS_MIN = 5;
const TEST_TIMEOUT_MS = 60_000;
const PERMITS = 4;

interface Claim {
  readonly kind: "exclusive" | "shared" | "permits" | "several";
  readonly names: readonly string[];
  readonly options: LockOptions;
}

interface Grant extends Claim {
  readonly fence: number;
}

function drawClaim(prng: Prng): Claim {
  const shared = { mode: "shared" } as const;
  const permits = { permits: 1 + nextBelow(prng, 3), of: PERMITS };
  const name = nextChance(prng, 0.5) ? "a" : "b";
  const draw = nextBelow(prng, 10);
  if (draw < 2) return { kind: "exclusive", names: [name], options: {} };
  if (draw < 5) return { kind: "shared", names: [name], options: shared };
  if (draw < 6) return { kind: "several", names: ["a", "b"], options: shared };
  if (draw < 7) return { kind: "several", names: ["b", "a"], options: {} };
  if (draw < 8) return { kind: "exclusive", names: ["pool"], options: {} };
  return { kind: "permits", names: ["pool"], options: permits };
}

/** Whether two claims can never be granted at the same time. */
function exclude(one: Claim, other: Claim): boolean {
  if (!one.names.some((name) => other.names.includes(name))) return false;
  if (one.options.mode === "shared" && other.options.mode === "shared") return false;
  const [taken, more] = [one.options.permits, other.options.permits];
  return taken === undefined || more === undefined || taken + more > PERMITS;
}

/** What was granted, as the holders themselves see it. */
class Record {
  readonly grants: Grant[] = [];
  readonly #held = new Set<Grant>();

  begin(claim: Claim, lock: Lock): Grant {
    const grant = { ...claim, fence: lock.fence.revision };
    for (const other of this.#held) {
      expect(exclude(grant, other), `${label(other)} while ${label(grant)}`).toBe(false);
    }
    this.#held.add(grant);
    this.grants.push(grant);
    const inPool = [...this.#held].map(({ options }) => options.permits ?? 0);
    expect(inPool.reduce((sum, permits) => sum + permits, 0)).toBeLessThanOrEqual(PERMITS);
    return grant;
  }

  end(grant: Grant): void {
    this.#held.delete(grant);
  }

  hasEnough(): boolean {
    const kinds = ["exclusive", "shared", "permits", "several"] as const;
    return kinds.every(
      (kind) => this.grants.filter((grant) => grant.kind === kind).length >= GRANTS_MIN,
    );
  }

  /** Those that exclude each other were granted in the order of asking, which their fences tell. */
  checkOrder(): void {
    for (const [at, grant] of this.grants.entries()) {
      for (const later of this.grants.slice(at + 1)) {
        if (!exclude(grant, later)) continue;
        expect(later.fence, `${label(later)} after ${label(grant)}`).toBeGreaterThan(grant.fence);
      }
    }
    expect(new Set(this.grants.map(({ fence }) => fence)).size).toBe(this.grants.length);
  }
}

function label({ names, options, fence }: Grant): string {
  return `${names} ${JSON.stringify(options)} at ${fence}`;
}

describeEachServer(
  "SDK locks that are shared, counted and of several names, under random faults",
  (server) => {
    const clients = clientsOf(server);

    test(
      "a writer is alone, permits are no more than there are, nobody is overtaken, nothing is left",
      async () => {
        const prng = seededPrng(testSeed());
        const record = new Record();
        const until = performance.now() + DURATION_MS;
        const attempt = async (client: Client, claim: Claim) => {
          const hold = async (lock: Lock) => {
            const grant = record.begin(claim, lock);
            await sleep(nextBelow(prng, 4));
            record.end(grant);
          };
          const { names, options } = claim;
          if (nextChance(prng, 0.2)) {
            await using lock = await client.locks.try(names, options);
            if (lock !== null) await hold(lock);
            return;
          }
          const wait = nextChance(prng, 0.1) ? { timeout: 5 } : {};
          await client.locks.request(names, { ...options, ...wait }, hold);
        };
        let hasFailed = false; // Then nobody goes on: clients are closed, and refuse at once.
        const contend = async (client: Client) => {
          while (!hasFailed && (performance.now() < until || !record.hasEnough())) {
            // A fault may end an attempt, but only with an error of ours, and never inside the body.
            await attempt(client, drawClaim(prng)).catch((error) => {
              if (error instanceof ConclaveError) return;
              hasFailed = true;
              throw error;
            });
          }
        };
        const rigs = [];
        for (let n = 0; n < CLIENTS; n += 1) rigs.push(await clients.connectFaulty());
        const stops = rigs.map(({ faults }) => playFaults(prng, faults));
        const tasks = rigs.flatMap((rig) => Array.from({ length: TASKS_PER_CLIENT }, () => rig));
        await Promise.all(tasks.map(({ client }) => contend(client)));
        for (const stop of stops) stop();
        record.checkOrder();
        const [first] = rigs;
        await eventually(async () => {
          for (const name of ["a/", "b/", "pool/"]) {
            expect(await first!.client.kv.count(name)).toBe(0);
          }
        });
      },
      TEST_TIMEOUT_MS,
    );
  },
  { sizes: [1] },
);
