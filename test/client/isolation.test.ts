import { nextBelow, type Prng, seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import type { Client, Isolation } from "@conclave/client";
import { expect, test } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { clientsOf } from "./client-support.ts";

const ALL: readonly Isolation[] = [
  "serializable-snapshot",
  "serializable",
  "repeatable-reads",
  "read-committed",
];

/** Runs two transactions so that both have read before either commits. @returns how often each body ran */
async function sideBySide(
  clients: readonly Client[],
  isolation: Isolation,
  bodyOf: (n: number) => {
    read(tx: Parameters<Parameters<Client["transact"]>[0]>[0]): Promise<boolean>;
    write(tx: Parameters<Parameters<Client["transact"]>[0]>[0]): void;
  },
): Promise<number[]> {
  let waiting = 0;
  let goOn = () => {};
  const both = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const runs = clients.map((client, n) => {
    const { read, write } = bodyOf(n);
    return client.transact(
      async (tx) => {
        const mayWrite = await read(tx);
        if (tx.attempt === 1) {
          waiting += 1;
          if (waiting === clients.length) goOn();
          await both;
        }
        if (mayWrite) write(tx);
      },
      { isolation },
    );
  });
  return (await Promise.all(runs)).map(({ attempts }) => attempts);
}

describeEachServer(
  "isolation of SDK transactions",
  (server) => {
    const clients = clientsOf(server);
    const two = async () => [await clients.connect(), await clients.connect()] as const;

    // Berenson et al., "A Critique of ANSI SQL Isolation Levels", A5B, on keys that exist.
    test.each([
      ["serializable-snapshot", 1],
      ["serializable", 1],
      ["repeatable-reads", 1],
      ["read-committed", 0],
    ] as const)(
      "write skew over keys that were read, %s: %i doctor stays on call",
      async (isolation, left) => {
        const [a, b] = await two();
        for (const doctor of ["oncall/0", "oncall/1"]) await a.kv.put(doctor, "yes");
        await sideBySide([a, b], isolation, (n) => ({
          read: async (tx) => {
            const duty = await tx.get("oncall/0", "oncall/1");
            return duty.filter((each) => each === "yes").length > 1;
          },
          write: (tx) => tx.put(`oncall/${n}`, "no"),
        }));
        const { items } = await a.kv.getAll("oncall/");
        expect(items.filter(({ text }) => text === "yes")).toHaveLength(left);
      },
    );

    // The same through phantoms, P3.
    test.each([
      ["serializable-snapshot", 1],
      ["serializable", 1],
      ["repeatable-reads", 2],
      ["read-committed", 2],
    ] as const)(
      "write skew through keys that appear, %s: %i booking of one room",
      async (isolation, booked) => {
        const [a, b] = await two();
        const attempts = await sideBySide([a, b], isolation, (n) => ({
          read: async (tx) => (await tx.getAll({ prefix: "room/" })).length === 0,
          write: (tx) => tx.put(`room/guest${n}`, ""),
        }));
        expect(await a.kv.count("room/")).toBe(booked);
        expect(attempts.reduce((sum, each) => sum + each)).toBe(booked === 1 ? 3 : 2);
      },
    );

    test.each(["serializable-snapshot", "serializable"] as const)(
      "%s: a key of a range that goes away, or changes, runs the body again",
      async (isolation) => {
        const [a, b] = await two();
        for (const key of ["r/1", "r/2"]) await a.kv.put(key, "0");
        const change = async (act: () => Promise<unknown>) => {
          const { value, attempts } = await a.transact(
            async (tx) => {
              const pairs = await tx.getAll({ prefix: "r/" });
              if (tx.attempt === 1) await act();
              tx.put("sum", String(pairs.length));
              return pairs.map((pair) => pair.key + pair.value);
            },
            { isolation },
          );
          expect(attempts).toBe(2);
          return value;
        };
        expect(await change(() => b.kv.put("r/1", "1"))).toEqual(["r/11", "r/20"]);
        expect(await change(() => b.kv.delete("r/2"))).toEqual(["r/11"]);
        const again = async () => {
          await b.kv.delete("r/1");
          await b.kv.put("r/1", "2");
        };
        expect(await change(again)).toEqual(["r/12"]);
      },
    );

    test("a key written without a look may have changed, but not under serializable-snapshot", async () => {
      const [a, b] = await two();
      const attemptsOf = async (isolation: Isolation) => {
        const { attempts } = await a.transact(
          async (tx) => {
            await tx.get("read");
            if (tx.attempt === 1) await b.kv.put("written", "theirs");
            tx.put("written", "mine");
          },
          { isolation },
        );
        return attempts;
      };
      const attempts = [];
      for (const isolation of ALL) attempts.push(await attemptsOf(isolation));
      expect(attempts).toEqual([2, 1, 1, 1]);
    });

    test("a second look: the same but under read-committed; reads of one revision: only under the serializable ones", async () => {
      const [a, b] = await two();
      const seen: unknown[] = [];
      for (const isolation of ALL) {
        await a.kv.put("x", "old");
        await a.kv.put("y", "old");
        await a.transact(
          async (tx) => {
            const x = await tx.get("x");
            if (tx.attempt === 1) {
              await b.transact((other) => {
                other.put("x", "new");
                other.put("y", "new");
              });
              seen.push([x, await tx.get("x"), await tx.get("y")]);
            }
          },
          { isolation },
        );
      }
      expect(seen).toEqual([
        ["old", "old", "old"],
        ["old", "old", "old"],
        ["old", "old", "new"],
        ["old", "new", "new"],
      ]);
    });

    /**
     * Each transaction reads some registers and writes its own number into some. Serializable means that the commits, in the
     * order of their revisions, explain what every transaction read.
     */
    test.each(["serializable-snapshot", "serializable"] as const)(
      "%s: random transactions of several clients read what the commits before them wrote",
      async (isolation) => {
        const prng = seededPrng(testSeed());
        const rigs = await Promise.all([1, 2, 3, 4].map(() => clients.connect()));
        const commits: Commit[] = [];
        let number = 0;
        const play = async (client: Client) => {
          for (let turn = 0; turn < 12; turn += 1) {
            number += 1;
            commits.push(await randomTransaction(client, prng, isolation, number));
          }
        };
        await Promise.all(rigs.map(play));
        expect(unexplained(commits)).toEqual([]);
      },
    );
  },
  { sizes: [1] },
);

interface Commit {
  readonly number: number;
  readonly revision: number;
  readonly isReadOnly: boolean;
  readonly read: ReadonlyMap<string, string | null>;
  /** All that the range held. */
  readonly range: readonly string[] | null;
  readonly wrote: readonly string[];
  readonly deleted: readonly string[];
}

const REGISTERS = 5;

async function randomTransaction(
  client: Client,
  prng: Prng,
  isolation: Isolation,
  number: number,
): Promise<Commit> {
  const some = () =>
    Array.from({ length: 1 + nextBelow(prng, 2) }, () => `reg/${nextBelow(prng, REGISTERS)}`);
  const [toRead, toWrite, toDelete] = [some(), some(), some()];
  const kind = nextBelow(prng, 4);
  const { value, revision } = await client.transact(
    async (tx) => {
      const read = new Map<string, string | null>();
      for (const key of toRead) read.set(key, await tx.get(key));
      const pairs = kind === 0 ? await tx.getAll({ prefix: "reg/" }) : null;
      const range = pairs?.map((pair) => `${pair.key}=${pair.value}`) ?? null;
      const wrote = kind === 1 ? [] : [...new Set(toWrite)];
      const deleted = kind === 2 ? toDelete.filter((key) => !wrote.includes(key)) : [];
      for (const key of wrote) tx.put(key, String(number));
      for (const key of deleted) tx.delete(key);
      return { read, range, wrote, deleted, isReadOnly: wrote.length + deleted.length === 0 };
    },
    { isolation },
  );
  return { number, revision, ...value };
}

/** The numbers of transactions whose reads the commits before them do not explain. */
function unexplained(commits: readonly Commit[]): number[] {
  const state = new Map<string, string>();
  const wrong: number[] = [];
  // One that only reads comes after the commit whose revision it saw.
  const order = [...commits].sort(
    (a, b) => a.revision - b.revision || Number(a.isReadOnly) - Number(b.isReadOnly),
  );
  for (const { number, read, range, wrote, deleted } of order) {
    const sawRight = [...read].every(([key, value]) => (state.get(key) ?? null) === value);
    const all = [...state].map(([key, value]) => `${key}=${value}`).sort();
    const sawAll = range === null || JSON.stringify(range) === JSON.stringify(all);
    if (!sawRight || !sawAll) wrong.push(number);
    for (const key of wrote) state.set(key, String(number));
    for (const key of deleted) state.delete(key);
  }
  return wrong;
}
