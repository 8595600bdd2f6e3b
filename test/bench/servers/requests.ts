import { requestRows } from "./rows/requests.ts";
import { serverSection } from "./section.ts";

export const requestsSection = serverSection({
  name: "requests",
  title: "Requests, beside etcd",
  notes: [
    [
      "Each workload is etcd's own Go client, on keys of 16 and values of 256 bytes, over connections dealt to the members in turn. Both",
      "servers sync every write to the disk before they answer. CPU is that of all threads of all members, for each call.",
    ].join("\n"),
  ],
  rows: requestRows,
});
