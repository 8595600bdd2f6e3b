import { conclave, etcd3, uniqueName, VALUE } from "../libraries.ts";
import type { Row } from "../row.ts";

const KEYS = 1_000;
let turn = 0;
const nextKey = () => `${uniqueName("put")}/${turn++ % KEYS}`;

export const put: Row = {
  name: "put",
  title: "Put, 64 tasks, 256 bytes",
  tasks: 64,
  libraries: {
    conclave: conclave((client) => () => client.kv.put(nextKey(), VALUE)),
    etcd3: etcd3((client) => async () => await client.put(nextKey()).value(VALUE)),
  },
};
