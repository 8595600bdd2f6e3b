import { InvariantViolation } from "@conclave/base";
import { expect, test } from "vitest";
import { exponentialBounds, Histogram, METRIC_CHILDREN_MAX, MetricsRegistry } from "./metrics.ts";

test("counters and gauges render in Prometheus' text format, in order of name", () => {
  const registry = new MetricsRegistry();
  const puts = registry.counter({ name: "puts_total", help: "Puts,\nseen \\ done." });
  const leads = registry.gauge({ name: "is_leader", help: "1 if leader." });
  puts.increment();
  puts.increment(2);
  leads.set(5);
  leads.add(-4);
  expect(registry.render()).toBe(
    [
      "# HELP is_leader 1 if leader.",
      "# TYPE is_leader gauge",
      "is_leader 1",
      "# HELP puts_total Puts,\\nseen \\\\ done.",
      "# TYPE puts_total counter",
      "puts_total 3",
      "",
    ].join("\n"),
  );
});

test("label values are escaped, and a child is the same object each time", () => {
  const registry = new MetricsRegistry();
  const calls = registry.counterFamily({ name: "calls_total", help: "Calls." }, ["method", "code"]);
  const child = calls.child({ method: "Range", code: "OK" });
  child.increment();
  expect(calls.child({ code: "OK", method: "Range" })).toBe(child);
  calls.child({ method: 'a"b\\c\nd', code: "2" }).increment(7);
  expect(registry.render()).toContain('calls_total{method="Range",code="OK"} 1\n');
  expect(registry.render()).toContain('calls_total{method="a\\"b\\\\c\\nd",code="2"} 7\n');
});

test("a family without children renders its name and type only", () => {
  const registry = new MetricsRegistry();
  registry.gaugeFamily({ name: "lag", help: "Lag." }, ["to"]);
  expect(registry.render()).toBe("# HELP lag Lag.\n# TYPE lag gauge\n");
});

test("histogram buckets are cumulative, upper bounds inclusive, with +Inf, sum and count", () => {
  const registry = new MetricsRegistry();
  const family = registry.histogramFamily(
    { name: "sync_seconds", help: "Sync." },
    [0.5, 1],
    ["op"],
  );
  const sync = family.child({ op: "wal" });
  for (const seconds of [0.25, 0.5, 0.75, 8]) sync.observe(seconds);
  expect(registry.render()).toBe(
    [
      "# HELP sync_seconds Sync.",
      "# TYPE sync_seconds histogram",
      'sync_seconds_bucket{op="wal",le="0.5"} 2',
      'sync_seconds_bucket{op="wal",le="1"} 3',
      'sync_seconds_bucket{op="wal",le="+Inf"} 4',
      'sync_seconds_sum{op="wal"} 9.5',
      'sync_seconds_count{op="wal"} 4',
      "",
    ].join("\n"),
  );
});

test("exponential bounds are etcd's: 14 from a millisecond, doubling", () => {
  const bounds = exponentialBounds(0.001, 2, 14);
  expect(bounds).toHaveLength(14);
  expect(bounds.slice(0, 3)).toEqual([0.001, 0.002, 0.004]);
  expect(bounds.at(-1)).toBeCloseTo(8.192);
});

test("gauges that mirror other state are refreshed before each rendering", () => {
  const registry = new MetricsRegistry();
  const depth = registry.gauge({ name: "queue_depth", help: "Depth." });
  let length = 3;
  registry.onCollect(() => depth.set(length));
  expect(registry.render()).toContain("queue_depth 3\n");
  length = 4;
  expect(registry.render()).toContain("queue_depth 4\n");
});

test("mistakes of a caller are bugs: doubled names, wrong labels, bounds out of order", () => {
  const registry = new MetricsRegistry();
  const family = registry.counterFamily({ name: "a_total", help: "A." }, ["x"]);
  expect(() => registry.gauge({ name: "a_total", help: "A." })).toThrow(InvariantViolation);
  expect(() => registry.gauge({ name: "no-dash", help: "A." })).toThrow(InvariantViolation);
  expect(() => family.child({})).toThrow(InvariantViolation);
  expect(() => family.child({ y: "1" })).toThrow(InvariantViolation);
  expect(() => new Histogram([1, 1])).toThrow(InvariantViolation);
});

test("label values of a family are bounded in number", () => {
  const family = new MetricsRegistry().counterFamily({ name: "a_total", help: "A." }, ["x"]);
  for (let value = 0; value < METRIC_CHILDREN_MAX; value += 1) family.child({ x: String(value) });
  expect(() => family.child({ x: "one more" })).toThrow("too many label values");
  expect(family.child({ x: "0" }).value).toBe(0);
});
