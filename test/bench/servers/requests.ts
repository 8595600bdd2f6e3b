import { h2loadRows } from "./rows/h2load.ts";
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
    [
      "What the Go client takes itself stands beside it, for it shares the machine's cores: where it is the limit, both servers wait for it.",
      "`h2load` repeats one request, and costs next to nothing.",
    ].join("\n"),
  ],
  rows: [...requestRows, ...h2loadRows],
});
