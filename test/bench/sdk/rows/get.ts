import { conclave, etcd3, uniqueName, VALUE } from "../libraries.ts";
import type { Row } from "../row.ts";

export const get: Row = {
  name: "get",
  title: "Linearizable get, 64 tasks, 256 bytes",
  tasks: 64,
  libraries: {
    conclave: conclave(async (client) => {
      const key = uniqueName("get");
      await client.kv.put(key, VALUE);
      return () => client.kv.get(key);
    }),
    etcd3: etcd3(async (client) => {
      const key = uniqueName("get");
      await client.put(key).value(VALUE);
      return () => client.get(key).buffer();
    }),
  },
};
