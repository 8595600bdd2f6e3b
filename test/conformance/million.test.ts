import { expect, onTestFailed, test } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { Deployment } from "../support/server-process.ts";
import { conclaveServer } from "../support/tools.ts";

/** CONCLAVE_MILLION makes it fewer, for a machine in a hurry. */
const KEYS = Number(process.env.CONCLAVE_MILLION ?? 1_000_000);
const PUTS_PER_TXN = 128; // the most that etcd's limit allows
const CONNECTIONS = 4;
const TXNS_IN_FLIGHT_PER_CONNECTION = 4;
const SAMPLES = 500;

const keyAt = (index: number) => `k${String(index).padStart(15, "0")}`; // 16 bytes
const valueAt = (index: number) => `${index} `.padEnd(256, "abcdefgh");
const everyKey = { key: "k", range_end: "l" };

async function putRange(client: RawClient, first: number, end: number): Promise<void> {
  const success = [];
  for (let index = first; index < end; index++) {
    success.push({ request_put: { key: keyAt(index), value: valueAt(index) } });
  }
  await client.call("KV.Txn", { success }, { timeoutMs: 60_000 });
}

async function putEveryKey(endpoint: string): Promise<void> {
  let next = 0;
  const sender = async (client: RawClient) => {
    while (next < KEYS) {
      const first = next;
      next += PUTS_PER_TXN;
      await putRange(client, first, Math.min(next, KEYS));
    }
  };
  const clients = Array.from({ length: CONNECTIONS }, () => new RawClient(endpoint));
  const senders = clients.flatMap((client) =>
    Array.from({ length: TXNS_IN_FLIGHT_PER_CONNECTION }, () => sender(client)),
  );
  await Promise.all(senders);
  for (const client of clients) client[Symbol.dispose]();
}

async function expectEveryKey(client: RawClient, revision: number): Promise<void> {
  const { count, header } = await client.call("KV.Range", { ...everyKey, count_only: true });
  expect({ count, revision: header.revision }).toEqual({ count: KEYS, revision });
  for (let sample = 0; sample < SAMPLES; sample++) {
    const index = Math.floor((sample * (KEYS - 1)) / (SAMPLES - 1)); // first and last among them
    const { kvs } = await client.call("KV.Range", { key: keyAt(index) });
    expect(kvs).toMatchObject([{ value: valueAt(index), version: 1 }]);
  }
  const page = await client.call("KV.Range", {
    key: keyAt(KEYS >> 1),
    range_end: "l",
    limit: 1000,
  });
  expect(page.kvs.map((kv) => kv.key)).toEqual(
    Array.from({ length: Math.min(1000, KEYS - (KEYS >> 1)) }, (_, i) => keyAt((KEYS >> 1) + i)),
  );
}

const missing = conclaveServer.present ? "" : " (conclave: not installed)";

test.skipIf(missing !== "")(
  `${KEYS} keys go in and come back after kill -9, and memory is reported${missing}`,
  { timeout: 300_000 },
  async () => {
    await using server = await Deployment.start({ kind: "conclave" });
    onTestFailed(() => console.error(server.logTail()));
    const [member] = server.members;
    if (member === undefined) throw new Error("no member");
    using client = new RawClient(member.endpoint);
    const report: string[] = [];
    const step = async (name: string, work: () => Promise<void>) => {
      const from = performance.now();
      await work();
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      const mebibytes = (member.residentBytes() / 2 ** 20).toFixed(0);
      report.push(`${name}: ${seconds} s, ${mebibytes} MiB resident`);
    };

    await step("started", () => member.waitHealthy());
    await step(`${KEYS} puts`, () => putEveryKey(member.endpoint));
    const { hash, header } = await client.call("Maintenance.HashKV", {}, { timeoutMs: 120_000 });
    await step("checked", () => expectEveryKey(client, header.revision));
    await member.kill();
    await step("restarted", () => member.restart());
    await step("checked again", () => expectEveryKey(client, header.revision));
    const again = await client.call("Maintenance.HashKV", {}, { timeoutMs: 120_000 });
    expect(again.hash).toBe(hash);
    console.log(report.join("\n"));
  },
);
