import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { HoldScope } from "./hold-scope.ts";

test("what a scope holds is disposed of when it ends, last in, first out", async () => {
  const order: string[] = [];
  {
    await using scope = new HoldScope(new AbortController().signal);
    scope.defer(() => order.push("deferred"));
    const value = scope.adopt("adopted", (text) => order.push(text));
    expect(value).toBe("adopted");
    scope.use({ [Symbol.dispose]: () => order.push("sync") });
    scope.use({
      [Symbol.asyncDispose]: async () => {
        await turn();
        order.push("async");
      },
    });
    expect(scope.use(null)).toBeNull();
    expect(scope.disposed).toBe(false);
  }
  expect(order).toEqual(["async", "sync", "adopted", "deferred"]);
});

test("it ends when the signal aborts, once, and its end waits for that", async () => {
  const hold = new AbortController();
  const scope = new HoldScope(hold.signal);
  let disposals = 0;
  scope.defer(async () => {
    await turn();
    disposals += 1;
  });
  hold.abort();
  expect(scope.disposed).toBe(true);
  await scope[Symbol.asyncDispose]();
  expect(disposals).toBe(1);
});

test("a scope of a hold that is over already is over too, and ends without an error", async () => {
  const scope = new HoldScope(AbortSignal.abort());
  expect(scope.disposed).toBe(true);
  await expect(scope[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test("after its end nothing can be given to it: that is disposed of, and the giver is told", async () => {
  const hold = new AbortController();
  hold.abort();
  const scope = new HoldScope(hold.signal);
  let disposed = false;
  const late = { [Symbol.dispose]: () => (disposed = true) };
  expect(() => scope.use(late)).toThrow(ReferenceError);
  await turn();
  expect(disposed).toBe(true);
});

test("every resource is disposed of although others fail, and all failures come out", async () => {
  const scope = new HoldScope(new AbortController().signal);
  const fail = (text: string) => () => {
    throw new Error(text);
  };
  let reached = false;
  scope.defer(() => (reached = true));
  scope.defer(fail("one"));
  scope.defer(fail("two"));
  await expect(scope[Symbol.asyncDispose]()).rejects.toMatchObject({
    errors: [{ message: "two" }, { message: "one" }],
  });
  expect(reached).toBe(true);
});

test("what is no resource is refused at once", () => {
  const scope = new HoldScope(new AbortController().signal);
  expect(() => scope.use({} as Disposable)).toThrow(TypeError);
});
