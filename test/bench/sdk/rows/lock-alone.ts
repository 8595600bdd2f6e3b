import { conclave, etcd3, redlock, uniqueName } from "../libraries.ts";
import type { Row } from "../row.ts";

const TTL_MS = 10_000;
const name = uniqueName("lock-alone");

export const lockAlone: Row = {
  name: "lock-alone",
  title: "Lock, acquire and release, one task",
  tasks: 1,
  libraries: {
    conclave: conclave((client) => () => client.locks.request(name, () => {})),
    etcd3: etcd3(
      (client) => () =>
        client
          .lock(name)
          .ttl(10)
          .do(() => {}),
    ),
    redlock: redlock((locks) => async () => {
      const lock = await locks.acquire([name], TTL_MS);
      await lock.release();
    }),
  },
};
