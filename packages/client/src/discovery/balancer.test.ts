import { seededPrng, VirtualClock } from "@conclave/base";
import { expect, test } from "vitest";
import { Balancer } from "./balancer.ts";
import type { Endpoint } from "./endpoint.ts";
import { balanceTerms, type UseOptions } from "./use-options.ts";

const endpoint = (key: string, more: Partial<Endpoint> = {}): Endpoint => ({
  key,
  addr: key,
  weight: 1,
  zone: null,
  status: "up",
  meta: null,
  ...more,
});

function newBalancer(endpoints: readonly Endpoint[], options: UseOptions = {}) {
  const clock = new VirtualClock();
  const balancer = new Balancer({ clock, prng: seededPrng(7) }, balanceTerms(options));
  balancer.update(endpoints);
  return { clock, balancer };
}

function shares(balancer: Balancer, picks: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let n = 0; n < picks; n += 1) {
    const { key } = balancer.pick()!;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const balances = ["round-robin", "random", "p2c"] as const;

test("of no endpoints none is picked", () => {
  expect(newBalancer([]).balancer.pick()).toBeNull();
});

test("round-robin serves each as often as its weight says, and spreads the heavy one's turns", () => {
  const endpoints = [endpoint("a", { weight: 4 }), endpoint("b"), endpoint("c")];
  const { balancer } = newBalancer(endpoints, { balance: "round-robin" });
  expect(shares(balancer, 60)).toEqual({ a: 40, b: 10, c: 10 });
  let inARow = 0;
  let longest = 0;
  for (let n = 0; n < 60; n += 1) {
    inARow = balancer.pick()!.key === "a" ? inARow + 1 : 0;
    longest = Math.max(longest, inARow);
  }
  expect(longest).toBeLessThan(4);
});

test("random picks by weight", () => {
  const endpoints = [endpoint("a", { weight: 3 }), endpoint("b")];
  const { a, b } = shares(newBalancer(endpoints, { balance: "random" }).balancer, 4_000);
  expect(a! / b!).toBeGreaterThan(2.6);
  expect(a! / b!).toBeLessThan(3.4);
});

test("p2c leaves the one alone that has more under way for its weight", () => {
  const endpoints = [endpoint("a"), endpoint("b", { weight: 2 })];
  const { balancer } = newBalancer(endpoints, { balance: "p2c" });
  const ends = [1, 2, 3].map(() => balancer.begin(endpoints[1]!));
  expect(shares(balancer, 20)).toEqual({ a: 20 });
  for (const end of ends) end();
  expect(shares(balancer, 20)).toEqual({ b: 20 });
});

test("p2c prefers the one that failed less of late, once both are taken into account again", () => {
  const [a, b] = [endpoint("a"), endpoint("b")];
  const { balancer, clock } = newBalancer([a, b], { balance: "p2c" });
  balancer.onFailure(a);
  clock.advance(1_000);
  expect(balancer.isEjected(a)).toBe(false);
  expect(shares(balancer, 20)).toEqual({ b: 20 });
});

test.each(balances)(
  "%s passes by what drains, was reported, is unhealthy or has weight 0",
  (balance) => {
    const endpoints = [
      endpoint("draining", { status: "draining" }),
      endpoint("idle", { weight: 0 }),
      endpoint("reported"),
      endpoint("unhealthy", { status: "unhealthy" }),
      endpoint("up"),
    ];
    const { balancer } = newBalancer(endpoints, { balance });
    balancer.onFailure(endpoints[2]!);
    expect(shares(balancer, 50)).toEqual({ up: 50 });
  },
);

test("without a better one the worse are picked, the least bad first", () => {
  const order = [
    endpoint("idle", { weight: 0 }),
    endpoint("draining", { status: "draining" }),
    endpoint("reported"),
    endpoint("unhealthy", { status: "unhealthy" }),
  ];
  const { balancer } = newBalancer([...order].reverse());
  balancer.onFailure(order[2]!);
  const avoid = new Set<string>();
  for (const { key } of order) {
    expect(balancer.pick(avoid)?.key).toBe(key);
    avoid.add(key);
  }
  expect(balancer.pick(avoid)).toBeNull();
});

test("a reported endpoint is left alone for a second, twice as long each time, half a minute at most", () => {
  const [a, b] = [endpoint("a"), endpoint("b")];
  const { balancer, clock } = newBalancer([a, b]);
  for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    balancer.onFailure(a);
    clock.advance(ms - 1);
    expect(shares(balancer, 5)).toEqual({ b: 5 });
    clock.advance(1);
    expect(balancer.isEjected(a)).toBe(false);
  }
  balancer.onSuccess(a);
  balancer.onFailure(a);
  clock.advance(1_000);
  expect(balancer.isEjected(a)).toBe(false);
});

test("calls that fail together count as one failure", () => {
  const a = endpoint("a");
  const { balancer, clock } = newBalancer([a, endpoint("b")]);
  for (let n = 0; n < 20; n += 1) balancer.onFailure(a);
  clock.advance(1_000);
  expect(balancer.isEjected(a)).toBe(false);
});

test("the preferred zone is stayed in while it has enough that are up and were not reported", () => {
  const near = ["n1", "n2"].map((key) => endpoint(key, { zone: "near" }));
  const far = endpoint("f", { zone: "far" });
  const { balancer } = newBalancer([...near, far], {
    balance: "round-robin",
    prefer: { zone: "near", min: 2 },
  });
  expect(shares(balancer, 20)).toEqual({ n1: 10, n2: 10 });
  balancer.onFailure(near[0]!);
  expect(shares(balancer, 20)).toEqual({ n2: 10, f: 10 });
});

test("what was seen of an endpoint that stays is kept, and forgotten when it goes", () => {
  const [a, b] = [endpoint("a"), endpoint("b")];
  const { balancer } = newBalancer([a, b]);
  balancer.onFailure(a);
  balancer.update([endpoint("a", { weight: 2 }), b]);
  expect(balancer.isEjected(a)).toBe(true);
  balancer.update([b]);
  balancer.update([a, b]);
  expect(balancer.isEjected(a)).toBe(false);
});
