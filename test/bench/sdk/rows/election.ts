import { conclave, etcd3, uniqueName } from "../libraries.ts";
import type { Row } from "../row.ts";

const name = uniqueName("election");

export const election: Row = {
  name: "election",
  title: "Election, campaign and resign, one task",
  tasks: 1,
  libraries: {
    conclave: conclave((client) => async () => {
      const term = await client.election(name).campaign();
      await term.resign();
    }),
    etcd3: etcd3((client) => async () => {
      const campaign = client.election(name, 10).campaign("bench");
      await campaign.wait();
      await campaign.resign();
    }),
  },
};
