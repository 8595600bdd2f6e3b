import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { settle } from "../testing/scripted-caller.ts";
import { WindDown } from "./wind-down.ts";

test("it is over when the last hold is, and at once without any", async () => {
  await new WindDown().begin();
  const windDown = new WindDown();
  const told: string[] = [];
  const leaves = ["a", "b"].map((name) => windDown.enter(() => told.push(name)));
  let isOver = false;
  void windDown.begin().then(() => {
    isOver = true;
  });
  expect(told).toEqual(["a", "b"]);
  leaves[0]?.();
  await settle();
  expect(isOver).toBe(false);
  leaves[1]?.();
  await settle();
  expect(isOver).toBe(true);
});

test("a hold that begins after the end has begun is told at once", () => {
  const windDown = new WindDown();
  void windDown.begin();
  const told: string[] = [];
  windDown.enter(() => told.push("late"));
  expect(told).toEqual(["late"]);
});

test("a hold that is over is not told", () => {
  const windDown = new WindDown();
  windDown.enter(() => expect.unreachable("it is over"))();
  void windDown.begin();
  expect(windDown.signal.reason).toMatchObject({ code: "CLOSED", outcome: "not-applied" });
});

test("what rests on a session ends with the session or the client, whichever ends first", () => {
  const windDown = new WindDown();
  const [lost, other] = [new AbortController(), new AbortController()];
  const [onLost, onOther] = [windDown.orEndOf(lost), windDown.orEndOf(other)];
  expect(windDown.orEndOf(lost)).toBe(onLost);
  lost.abort("lost");
  expect(onLost.reason).toBe("lost");
  expect(onOther.aborted).toBe(false);
  void windDown.begin();
  expect(onOther.reason).toMatchObject({ code: "CLOSED" });
  expect(onLost.reason).toBe("lost");
  expect(getEventListeners(other.signal, "abort")).toHaveLength(0);
});
