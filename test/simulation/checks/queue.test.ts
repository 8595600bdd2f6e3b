import { DeleteRangeRequest, PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { ReferenceModel } from "../../../packages/state-machine/src/reference-model.ts";
import { bytesOfText } from "../workload/client.ts";
import { firstInQueue } from "./queue.ts";

/** Revisions: B stands at 2, A at 3, B is written again at 4 and goes at 5. Another queue begins before it. */
const model = new ReferenceModel();
const put = (key: string) => model.put(PutRequest.create({ key: bytesOfText(key) }));
put("lock/b");
put("lock/a");
put("lock/b");
model.delete(DeleteRangeRequest.create({ key: bytesOfText("lock/b") }));

test("first in a queue is who came first, not whose key is the least or was written first", () => {
  expect(firstInQueue(model, "lock/", 2)?.key).toBe("lock/b");
  expect(firstInQueue(model, "lock/", 4)?.key).toBe("lock/b");
});

test("who left a queue is no longer first in it", () => {
  expect(firstInQueue(model, "lock/", 5)?.key).toBe("lock/a");
});

test("nobody is first in a queue where nobody stands, or before anybody did", () => {
  expect(firstInQueue(model, "lock/", 1)).toBeNull();
  expect(firstInQueue(model, "other/", 5)).toBeNull();
});
