import { nextBelow, nextChance, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { type Client, ConclaveError, connect } from "@conclave/client";
import { Etcd3 } from "etcd3";
import { expect, test } from "vitest";
import { z } from "zod";
import type { FaultyCaller } from "../../packages/client/src/testing/faulty-caller.ts";
import { describeEachServer } from "../support/each-server.ts";
import { clientsOf } from "./client-support.ts";

const CLIENTS = 8;
const ACCOUNTS = ["a", "b", "c", "d"] as const;
const OPENING_CENTS = 1_000n;
const TRANSFERS_PER_CLIENT = 12;
const TEST_TIMEOUT_MS = 60_000;

const accountsOf = (client: Client) => client.key("acct/:id", z.object({ cents: z.bigint() }));

/** Moves money as the guide does. @returns whether there was enough */
async function transfer(client: Client, from: string, to: string, cents: bigint): Promise<boolean> {
  const acct = accountsOf(client);
  try {
    await client.transact(
      async (tx) => {
        const [a, b] = await tx.getOrThrow(acct(from), acct(to));
        if (a.cents < cents) throw tx.abort("insufficient");
        tx.put(acct(from), { cents: a.cents - cents });
        tx.put(acct(to), { cents: b.cents + cents });
      },
      { timeout: "30s" },
    );
    return true;
  } catch (error) {
    if (error instanceof ConclaveError && error.code === "ABORTED") return false;
    throw error;
  }
}

async function openAccounts(client: Client): Promise<void> {
  const acct = accountsOf(client);
  for (const id of ACCOUNTS) await client.kv.put(acct(id), { cents: OPENING_CENTS });
}

async function balances(client: Client): Promise<ReadonlyMap<string, bigint>> {
  const { value } = await client.transact((tx) => tx.getAll(accountsOf(client).all));
  return new Map(value.map((pair) => [pair.key, pair.value.cents]));
}

describeEachServer(
  "the bank transfer, one member",
  (server) => {
    const clients = clientsOf(server);

    // Failure mode 7 under load: every transfer is entered in a book, which must explain the balances to the cent.
    test(
      "eight clients whose messages get lost: every transfer happens exactly once",
      async () => {
        const prng = seededPrng(testSeed());
        const rigs = [];
        for (let n = 0; n < CLIENTS; n += 1) rigs.push(await clients.connectFaulty());
        const [{ client: first }] = rigs as [(typeof rigs)[0]];
        await openAccounts(first);
        const book = new Map<string, bigint>(ACCOUNTS.map((id) => [`acct/${id}`, OPENING_CENTS]));
        const lose = (faults: FaultyCaller) => {
          faults.faultOf = (path) => {
            if (!path.endsWith("/Txn")) return undefined;
            if (nextChance(prng, 0.05)) return "drop-request";
            return nextChance(prng, 0.1) ? "drop-answer" : undefined;
          };
        };
        await Promise.all(
          rigs.map(async ({ client, faults }) => {
            lose(faults);
            for (let turn = 0; turn < TRANSFERS_PER_CLIENT; turn += 1) {
              const at = nextBelow(prng, ACCOUNTS.length);
              const from = ACCOUNTS[at]!;
              const to =
                ACCOUNTS[(at + 1 + nextBelow(prng, ACCOUNTS.length - 1)) % ACCOUNTS.length]!;
              // The same amount again and again: twins must not be taken for one another.
              if (!(await transfer(client, from, to, 50n))) continue;
              book.set(`acct/${from}`, book.get(`acct/${from}`)! - 50n);
              book.set(`acct/${to}`, book.get(`acct/${to}`)! + 50n);
            }
            faults.faultOf = () => undefined;
          }),
        );
        expect(await balances(first)).toEqual(book);
      },
      TEST_TIMEOUT_MS,
    );

    test("npm etcd3 cannot commit the transfer between accounts of different age; this SDK can", async () => {
      const client = await clients.connect();
      const peer = new Etcd3({ hosts: server.deployment.endpoints });
      const key = (id: string) => `${clients.namespace}plain/${id}`;
      try {
        await peer.put(key("a")).value("100");
        await peer.put(key("unrelated")).value("");
        await peer.put(key("b")).value("0");
        const moving = peer.stm({ retries: 3 }).transact(async (tx) => {
          const a = await tx.get(key("a")).number();
          const b = await tx.get(key("b")).number();
          await tx.put(key("a")).value((a ?? 0) - 30);
          await tx.put(key("b")).value((b ?? 0) + 30);
        });
        await expect(moving).rejects.toThrow("conflict");
        expect(await peer.get(key("b")).number()).toBe(0);

        const { attempts } = await client.transact(async (tx) => {
          const [a, b] = await tx.getOrThrow("plain/a", "plain/b");
          tx.put("plain/a", String(Number(a) - 30));
          tx.put("plain/b", String(Number(b) + 30));
        });
        expect(attempts).toBe(1);
        expect(await peer.get(key("b")).number()).toBe(30);
      } finally {
        peer.close();
      }
    });
  },
  { sizes: [1] },
);

describeEachServer(
  "the bank transfer, a leader killed",
  (server) => {
    test(
      "eight clients on four accounts: no money is made or lost while the leader is killed",
      async () => {
        const namespace = server.prefix("bank");
        const { endpoints, members } = server.deployment;
        const prng = seededPrng(testSeed());
        const all = await Promise.all(
          Array.from({ length: CLIENTS }, () => connect(endpoints, { namespace, timeout: "3s" })),
        );
        const [first] = all as [Client];
        try {
          await openAccounts(first);
          let moved = 0;
          const status = await first.admin.status();
          const byId = new Map((await first.admin.members()).map((each) => [each.id, each.name]));
          const leader = members.find(({ name }) => name === byId.get(status.leaderId));
          const kill = async () => {
            await leader!.kill();
            await leader!.start();
          };
          let killing: Promise<void> | undefined;
          const attempt = async (client: Client, from: string, to: string) => {
            try {
              await transfer(client, from, to, BigInt(1 + nextBelow(prng, 400)));
              moved += 1;
            } catch (error) {
              // While no member leads, a read may fail; what a commit did is known, or said to be unknown.
              if (!(error instanceof ConclaveError)) throw error;
            }
          };
          await Promise.all(
            all.map(async (client) => {
              for (let turn = 0; turn < TRANSFERS_PER_CLIENT; turn += 1) {
                const at = nextBelow(prng, ACCOUNTS.length);
                const other = 1 + nextBelow(prng, ACCOUNTS.length - 1);
                await attempt(client, ACCOUNTS[at]!, ACCOUNTS[(at + other) % ACCOUNTS.length]!);
                if (moved > CLIENTS * 2) killing ??= kill();
              }
            }),
          );
          await killing;
          expect((await first.admin.status()).raftTerm).toBeGreaterThan(status.raftTerm);
          const sum = [...(await balances(first)).values()].reduce((total, each) => total + each);
          expect(sum).toBe(OPENING_CENTS * 4n);
          expect(moved).toBeGreaterThan(CLIENTS * 4);
        } finally {
          await Promise.all(all.map((client) => client.close()));
        }
      },
      TEST_TIMEOUT_MS,
    );
  },
  { sizes: [3] },
);
