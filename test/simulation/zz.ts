import { simulate } from "./simulation.ts";

const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 20);
const t0 = process.cpuUsage();
let ops = 0,
  ev = 0;
for (let s = from; s < from + n; s++) {
  const r = await simulate(s);
  ops += r.operations;
  ev += r.events;
  await new Promise((r) => setImmediate(r));
}
const u = process.cpuUsage(t0);
console.log({
  cpuMsPerSeed: (u.user + u.system) / 1000 / n,
  opsPerSeed: ops / n,
  evPerSeed: ev / n,
});
