import { expect, test } from "vitest";
import { settle } from "../testing/scripted-caller.ts";
import { LOCAL_PLACES, LOCAL_WAITERS_MAX, LocalQueue } from "./local-queue.ts";

const never = new AbortController().signal;

test("tasks that want a name for themselves get their turns one at a time, first come first served", async () => {
  const queue = new LocalQueue();
  const order: number[] = [];
  const leaves: (() => void)[] = [];
  for (const task of [1, 2, 3]) {
    void queue.enter("a", never).then((leave) => {
      order.push(task);
      leaves.push(leave);
    });
  }
  await settle();
  expect(order).toEqual([1]);
  leaves[0]!();
  leaves[0]!(); // A second call of the same turn is not another's.
  await settle();
  expect(order).toEqual([1, 2]);
  leaves[1]!();
  await settle();
  expect(order).toEqual([1, 2, 3]);
});

// Failure mode 16: however many tasks wait in a process, a few of them stand in the remote queue.
test("tasks that want no more than a place share the places there are, first come first served", async () => {
  const queue = new LocalQueue();
  const order: number[] = [];
  const leaves: (() => void)[] = [];
  for (let task = 0; task < LOCAL_PLACES + 2; task += 1) {
    void queue.enter("a", never, "place").then((leave) => {
      order.push(task);
      leaves.push(leave);
    });
  }
  await settle();
  expect(order).toEqual([...Array(LOCAL_PLACES).keys()]);
  leaves[3]!();
  leaves[3]!();
  await settle();
  expect(order).toHaveLength(LOCAL_PLACES + 1);
  for (const leave of leaves) leave();
  await settle();
  expect(order).toEqual([...Array(LOCAL_PLACES + 2).keys()]);
});

test("nobody overtakes a task that wants the name for itself, and it shares it with nobody", async () => {
  const queue = new LocalQueue();
  const leave = await queue.enter("a", never, "place");
  const impatient = new AbortController();
  const order: string[] = [];
  const enter = (what: string, share: "place" | "whole", signal = never) =>
    queue.enter("a", signal, share).then(
      (left) => {
        order.push(what);
        return left;
      },
      () => () => {},
    );
  void enter("impatient", "whole", impatient.signal);
  const behind = enter("behind", "place");
  const whole = enter("whole", "whole");
  void enter("last", "place");
  await settle();
  expect(order).toEqual([]);
  impatient.abort(new Error("too slow"));
  await settle();
  expect(order).toEqual(["behind"]);
  leave();
  await settle();
  expect(order).toEqual(["behind"]);
  (await behind)();
  await settle();
  expect(order).toEqual(["behind", "whole"]);
  (await whole)();
  await settle();
  expect(order).toEqual(["behind", "whole", "last"]);
});

test("names do not wait for one another", async () => {
  const queue = new LocalQueue();
  await queue.enter("a", never);
  await queue.enter("b", never);
});

test("a task that gives up waiting leaves its place to the next", async () => {
  const queue = new LocalQueue();
  const leave = await queue.enter("a", never);
  const impatient = new AbortController();
  const second = queue.enter("a", impatient.signal);
  const third = queue.enter("a", never);
  impatient.abort(new Error("too slow"));
  await expect(second).rejects.toThrow("too slow");
  leave();
  await third;
});

test("trying gives the turn only if nobody has it", async () => {
  const queue = new LocalQueue();
  const leave = queue.tryEnter("a");
  expect(leave).not.toBeNull();
  expect(queue.tryEnter("a")).toBeNull();
  leave!();
  expect(queue.tryEnter("a")).not.toBeNull();
});

test("beyond the limit of waiters a task is refused with LOCAL_QUEUE_FULL", async () => {
  const queue = new LocalQueue();
  await queue.enter("a", never);
  for (let task = 0; task < LOCAL_WAITERS_MAX; task += 1) {
    void queue.enter("a", new AbortController().signal);
  }
  await expect(queue.enter("a", never)).rejects.toMatchObject({
    code: "LOCAL_QUEUE_FULL",
    outcome: "not-applied",
  });
});
