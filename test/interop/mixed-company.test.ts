import { fileURLToPath } from "node:url";
import { seededPrng } from "@conclave/base";
import { chooseSeed, replayCommand } from "@conclave/base/testing";
import { type Client, connect } from "@conclave/client";
import { beforeAll, expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { buildGoProgram, goWithEtcd } from "../support/go-program.ts";
import { sourceProgram } from "../support/source-program.ts";
import { etcdctl, pythonEtcd3 } from "../support/tools.ts";
import { Company, type Run } from "./company.ts";
import { type Contender, ContenderProcess } from "./contender-process.ts";
import { EtcdctlContender } from "./etcdctl-contender.ts";
import { type Change, overlaps, type QueueHistory, readHistory } from "./history.ts";
import type { QueueTerms, Recipe } from "./queue-terms.ts";

/** How long the turns are taken, after everyone has had two. `CONCLAVE_INTEROP_MS=60000` makes it a minute. */
const DURATION_MS = Number(process.env.CONCLAVE_INTEROP_MS ?? 10_000);
const SEED = chooseSeed();
const START_TIMEOUT_MS = 120_000;
/** Each kill of a holder costs the rest its TTL. */
const TEST_TIMEOUT_MS = 120_000 + 2 * DURATION_MS;
const pythonProgram = fileURLToPath(new URL("./contender.py", import.meta.url));

interface Programs {
  readonly sdk: string;
  readonly go: string;
}

/** Two of our own, so that they meet each other too, and one of everything that stands in such queues. */
function contenders(terms: QueueTerms, programs: Programs): Contender[] {
  const { recipe, endpoint, name, register, ttlSeconds, holdMs } = terms;
  const process_ = (who: string, file: string, ...before: string[]) =>
    new ContenderProcess(who, file, [
      ...[...before, endpoint, name, register, who, `${ttlSeconds}`, `${holdMs}`],
    ]);
  return [
    process_("sdk-1", process.execPath, programs.sdk, recipe),
    process_("sdk-2", process.execPath, programs.sdk, recipe),
    process_("go", programs.go, recipe === "lock" ? "mutex" : "election"),
    process_("service", programs.go, recipe === "lock" ? "lock-service" : "election-service"),
    process_("python", pythonEtcd3.path, pythonProgram),
    new EtcdctlContender("etcdctl", terms),
  ];
}

/** Everything that happened to the keys of a prefix since a revision. */
async function changesSince(client: Client, prefix: string, revision: number): Promise<Change[]> {
  const end = await client.kv.put(`${prefix}end`, "");
  const changes: Change[] = [];
  for await (const event of client.watch({ prefix }, { from: revision + 1 })) {
    if (event.revision >= end.revision) break;
    const { type, keyText: key, text, kv } = event;
    changes.push({ type, key, text, revision: event.revision, createRevision: kv.createRevision });
  }
  return changes;
}

function suite(recipe: Recipe): void {
  describeEachServer(
    `${recipe}s in mixed company`,
    (server) => {
      let run: Run;
      let history: QueueHistory;
      let who: readonly string[];

      beforeAll(async () => {
        await using sdk = await sourceProgram(
          fileURLToPath(new URL("./contender.ts", import.meta.url)),
        );
        const go = buildGoProgram("interop/go", "go-contender");
        const [endpoint = ""] = server.deployment.endpoints;
        const space = server.prefix(recipe);
        const [name, register] = [`${space}queue`, `${space}register`];
        const terms = { recipe, endpoint, name, register, ttlSeconds: 3, holdMs: 10 };
        const all = contenders({ ...terms, waitMsMax: 30_000 }, { sdk: sdk.file, go });
        await using company = new Company(all, seededPrng(SEED));
        who = all.map(({ reports }) => reports.who);
        await using client = await connect(endpoint);
        const { revision } = await client.kv.getAll(register);
        run = await company.run(DURATION_MS);
        history = readHistory(await changesSince(client, space, revision), register);
        console.info(summary(run, history, who));
      }, START_TIMEOUT_MS + TEST_TIMEOUT_MS);

      test("there are never two holders, and turns come in the order of create revisions", () => {
        expect(history.violations).toEqual([]);
      });

      test("turns do not overlap by the clock of the machine either", () => {
        expect(overlaps(run.turns)).toEqual([]);
      });

      test("everyone has turns, also with holders and waiters killed in between", () => {
        expect(run.killed.holders).toBeGreaterThan(0);
        expect(run.killed.waiters).toBeGreaterThan(0);
        const turns = who.map((each) => history.appended.filter((turn) => turn.who === each));
        for (const each of turns) expect(each.length).toBeGreaterThanOrEqual(4);
      });

      test("nobody who stood in the queue is passed over, but those who were killed there", () => {
        const passedOver = history.entries.length - history.appended.length;
        const excused = run.killed.holders + run.killed.waiters + run.losses.length + who.length;
        expect(passedOver, run.losses.join("\n")).toBeLessThanOrEqual(excused);
      });

      test("what the holders tell of themselves is what happened", () => {
        const appended = new Map(history.appended.map((turn) => [turn.fence, turn.who]));
        const finished = run.turns.filter(({ releasedAtMs }) => releasedAtMs !== null);
        for (const turn of finished) expect(appended.get(turn.fence)).toBe(turn.who);
        const fences = run.turns.map(({ fence }) => fence);
        expect(new Set(fences).size).toBe(fences.length);
      });
    },
    { sizes: [1], needs: [goWithEtcd, etcdctl, pythonEtcd3] },
  );
}

function summary(run: Run, history: QueueHistory, who: readonly string[]): string {
  const turns = who.map(
    (each) => `${each} ${history.appended.filter((turn) => turn.who === each).length}`,
  );
  const { holders, waiters } = run.killed;
  const losses = run.losses.length === 0 ? "" : `; lost: ${run.losses.join(", ")}`;
  return `turns: ${turns.join(", ")}; killed: ${holders} holders, ${waiters} waiters${losses}; the same victims: ${replayCommand(SEED)}`;
}

suite("lock");
suite("election");
