import { million } from "./rows/million.ts";
import { serverSection } from "./section.ts";

export const millionSection = serverSection({
  name: "million-keys",
  title: "A million keys, beside etcd",
  notes: [
    [
      "A fresh store is filled by 256 callers with a million keys of 16 and values of 256 bytes. Then 10,000 puts/s fall due, whether the",
      "server keeps up or not: a put is late from the time it was due, so that a stall counts for all that had to wait behind it. Then the",
      "server is stopped by SIGTERM and started again.",
    ].join("\n"),
  ],
  rows: [million],
});
