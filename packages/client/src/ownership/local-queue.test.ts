import { expect, test } from "vitest";
import { settle } from "../testing/scripted-caller.ts";
import { LOCAL_WAITERS_MAX, LocalQueue } from "./local-queue.ts";

const never = new AbortController().signal;

// Failure mode 16: however many tasks wait in a process, one of them stands in the remote queue.
test("tasks get their turns one at a time, first come first served", async () => {
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
