import { setTimeout as sleep } from "node:timers/promises";
import { EtcdLockFailedError } from "etcd3";
import { conclave, etcd3, redlock, uniqueName } from "../libraries.ts";
import type { Row } from "../row.ts";

const TTL_MS = 10_000;
/** npm etcd3 has no queue: whoever finds the lock taken has to ask again. */
const RETRY_MS = 10;
const name = uniqueName("lock-contended");

export const lockContended: Row = {
  name: "lock-contended",
  title: "Lock, acquire and release, 8 tasks at one name",
  tasks: 8,
  libraries: {
    conclave: conclave((client) => () => client.locks.request(name, () => {})),
    etcd3: etcd3((client) => async () => {
      for (;;) {
        try {
          return await client
            .lock(name)
            .ttl(10)
            .do(() => {});
        } catch (error) {
          if (!(error instanceof EtcdLockFailedError)) throw error;
          await sleep(RETRY_MS);
        }
      }
    }),
    redlock: redlock((locks) => async () => {
      const lock = await locks.acquire([name], TTL_MS);
      await lock.release();
    }),
  },
};
