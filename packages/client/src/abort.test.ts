import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { JointSignal, onAbort } from "./abort.ts";

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

test("many who listen to one signal are one listener, and none when they have stopped", () => {
  const { signal } = new AbortController();
  const stops = Array.from({ length: 100 }, () => onAbort(signal, () => {}));
  expect(listenersOf(signal)).toBe(1);
  for (const stop of stops.slice(1)) stop();
  expect(listenersOf(signal)).toBe(1);
  stops[0]!();
  stops[0]!();
  expect(listenersOf(signal)).toBe(0);
});

test("who stops twice does not stop those who came after it", () => {
  const controller = new AbortController();
  const stop = onAbort(controller.signal, () => {});
  stop();
  const heard: string[] = [];
  onAbort(controller.signal, () => heard.push("later"));
  stop();
  controller.abort();
  expect(heard).toEqual(["later"]);
});

test("all are called once, in the order in which they came, those who came too late at once", () => {
  const controller = new AbortController();
  const heard: string[] = [];
  onAbort(controller.signal, () => heard.push("first"));
  onAbort(controller.signal, () => heard.push("second"));
  controller.abort();
  onAbort(controller.signal, () => heard.push("late"));
  expect(heard).toEqual(["first", "second", "late"]);
  expect(listenersOf(controller.signal)).toBe(0);
});

test("who is stopped by one before it is not called", () => {
  const controller = new AbortController();
  const heard: string[] = [];
  onAbort(controller.signal, () => stopSecond());
  const stopSecond = onAbort(controller.signal, () => heard.push("second"));
  onAbort(controller.signal, () => heard.push("third"));
  controller.abort();
  expect(heard).toEqual(["third"]);
});

test("without a signal nobody is ever called", () => {
  const stop = onAbort(undefined, () => {
    throw new Error("called");
  });
  stop();
});

test("a joint signal aborts with the reason of the first that does, and lets go of all", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const { signal } = new JointSignal(first.signal, second.signal);
  second.abort("second");
  first.abort("first");
  expect(signal.reason).toBe("second");
  expect(listenersOf(first.signal)).toBe(0);
});

test("a joint signal that is disposed of is heard no more, and leaves no listener", () => {
  const controller = new AbortController();
  const joint = new JointSignal(controller.signal);
  joint[Symbol.dispose]();
  expect(listenersOf(controller.signal)).toBe(0);
  controller.abort();
  expect(joint.signal.aborted).toBe(false);
});
