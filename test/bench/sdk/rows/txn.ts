import { compare, op } from "@conclave/client";
import { conclave, etcd3, uniqueName, VALUE } from "../libraries.ts";
import type { Row } from "../row.ts";

const keyOf = (task: number) => `${uniqueName("txn")}/${task}`;

export const txn: Row = {
  name: "txn",
  title: "Transaction (compare, put and get), 64 tasks",
  tasks: 64,
  libraries: {
    conclave: conclave((client) => (task) => {
      const key = keyOf(task);
      const condition = compare({ key }).version.gt(-1);
      return client.txn().if(condition).then(op.put(key, VALUE), op.get(key)).commit();
    }),
    etcd3: etcd3((client) => (task) => {
      const key = keyOf(task);
      const write = client.put(key).value(VALUE);
      return client.if(key, "Version", ">", -1).then(write, client.get(key)).commit();
    }),
  },
};
