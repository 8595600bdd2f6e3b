import { failOver } from "./rows/fail-over.ts";
import { serverSection } from "./section.ts";

export const failOverSection = serverSection({
  name: "fail-over",
  title: "Without a leader, beside etcd",
  notes: [
    [
      "Eight writers, each of which knows all members and begins a put every 20 ms, whether the last one was answered or not. The leader's",
      "process gets SIGKILL: how long until a put that was asked for after its end is answered? Or SIGTERM: what is the longest time without",
      "an answer, and how many puts are refused? What Conclave must reach, it must reach in every round.",
    ].join("\n"),
  ],
  rows: [failOver],
});
