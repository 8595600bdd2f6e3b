/**
 * A process to be killed: opens the data directory it is given, appends entries to the log, applies each once it is durable,
 * and prints its index, until the end. `recovery-kill.test.ts` runs it.
 */
import { writeSync } from "node:fs";
import { systemClock } from "@conclave/base";
import { openStorage } from "../recovery.ts";
import { entry, FOUNDING, mark } from "./wal-fixture.ts";

const directory = process.argv[2] ?? "";
const IDENTITY = {
  clusterId: 0xc1n,
  memberId: 0xa1n,
  name: "one",
  members: [{ id: 0xa1n, name: "one", peerUrls: ["http://127.0.0.1:2380"] }],
};
const APPENDS_AT_ONCE = 8;
const RELEASE_EVERY = 500;

const storage = await openStorage(directory, {
  identity: IDENTITY,
  clock: systemClock({ keepsProcessAlive: true }),
  onFatal: (error) => {
    throw error;
  },
  segmentBytes: 64 * 1024,
});
const { wal, store, recovered } = storage;
if (recovered.floor === null) wal.append({ reset: FOUNDING }, null);
for (const { index } of recovered.entries) {
  if (index > store.appliedIndex) apply(index);
}
for (let nth = 0; nth < APPENDS_AT_ONCE; nth += 1) appendNext();

function appendNext(): void {
  const index = wal.lastIndex + 1;
  const hardState = { term: 1, vote: 0xa1n, commit: index - 1 };
  wal.append({ entries: [entry(index)], hardState }, () => {
    writeSync(1, `${index}\n`);
    apply(index);
    if (index % RELEASE_EVERY === 0) void wal.release(mark(store.durableIndex));
    setImmediate(appendNext);
  });
}

function apply(index: number): void {
  store.put(`entry ${index}`, Buffer.from(`${index}`));
  store.put("last", Buffer.from(`${index}`));
  store.seal(index);
}
