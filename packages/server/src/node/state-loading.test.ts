import { VirtualClock } from "@conclave/base";
import { CommandBatch, CommandKind, StateMachine } from "@conclave/state-machine";
import { PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { type LogFields, silentLogger } from "../observe/logger.ts";
import type { DurableStateStore, StateSnapshot } from "../storage/durable-state-store.ts";
import { VolatileStore } from "../storage/volatile-store.ts";
import { StateLoading } from "./state-loading.ts";

const KEYS = 50;

/** The store of a machine that took some puts, and what it knows of itself. */
function filled(): { readonly store: VolatileStore; readonly digest: number | null } {
  const store = new VolatileStore();
  const machine = new StateMachine({ store });
  machine.finishLoad();
  for (let index = 1; index <= KEYS; index += 1) {
    const batch = new CommandBatch(1 << 16, 8);
    const put = PutRequest.encode({ key: Buffer.from(`key ${index}`), value: Buffer.from("v") });
    batch.append(CommandKind.PUT, 1, index, put);
    machine.apply({ index, term: 1, data: batch.take() }, { onResult: () => {} });
    store.seal(index);
  }
  return { store, digest: machine.digest };
}

/** The same store, whose snapshots have a quick way that gives up after so many records. */
function withQuickWay(store: VolatileStore, recordsMax: number): DurableStateStore {
  const snapshot = store.snapshot.bind(store);
  store.snapshot = async () => {
    const taken: StateSnapshot = await snapshot();
    taken.visitAll = async (visit) => {
      let left = recordsMax;
      for await (const chunk of taken.scan()) {
        for (const [key, value] of chunk) {
          if (left === 0) return false;
          left -= 1;
          const bytes = Buffer.concat([Buffer.from("before"), value, Buffer.from("behind")]);
          visit(Buffer.from(`${key}behind`, "latin1"), key.length, bytes, 6, 6 + value.length);
          bytes.fill(0);
        }
      }
      return true;
    };
    return taken;
  };
  return store;
}

async function load(store: DurableStateStore) {
  const machine = new StateMachine({ store });
  const logged: (LogFields | undefined)[] = [];
  const loading = new StateLoading({
    store,
    machine,
    sweeper: { hold: () => () => {} },
    clock: new VirtualClock(),
    logger: { ...silentLogger, info: (_message, fields) => logged.push(fields) },
    onLoaded: () => {},
    onFatal: (error) => {
      throw error;
    },
  });
  await loading.load();
  return { machine, logged };
}

test.each([
  { why: "no quicker way than a scan", recordsMax: null, way: "scan" },
  { why: "a quick way to all records", recordsMax: Number.POSITIVE_INFINITY, way: "tables" },
  { why: "a quick way that ends in the middle", recordsMax: KEYS / 2, way: "scan" },
  { why: "a quick way that is barred", recordsMax: 0, way: "scan" },
])(
  "a state is loaded whole, and no record twice, over $why, and the log names the way",
  async ({ recordsMax, way }) => {
    const { store, digest } = filled();
    const { machine, logged } = await load(
      recordsMax === null ? store : withQuickWay(store, recordsMax),
    );
    expect(machine).toMatchObject({ digest, keyCount: KEYS, revisionCount: KEYS });
    expect(machine.appliedIndex).toBe(KEYS);
    expect(logged).toEqual([{ index: KEYS, revision: 1 + KEYS, tookMs: 0, way }]);
  },
);
