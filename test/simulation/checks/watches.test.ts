import { PutRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { ReferenceModel } from "../../../packages/state-machine/src/reference-model.ts";
import type { Watched, WatchedEvent, WatchedResponse } from "../history.ts";
import { bytesOfText } from "../workload/client.ts";
import { checkWatchedTo, checkWatches } from "./watches.ts";

/** Revisions 2 to 5: puts of "a", "b", "a" and "b". */
const model = new ReferenceModel();
for (const key of ["a", "b", "a", "b"]) {
  model.put(PutRequest.create({ key: bytesOfText(key), value: bytesOfText(`${model.revision}`) }));
}

const events: WatchedEvent[] = model.ledger.map(({ revision, key, pair }) => ({
  revision,
  key,
  before: null,
  pair: pair && {
    value: pair.value,
    createRevision: pair.create,
    modRevision: pair.mod,
    version: pair.version,
  },
}));

const response = (kind: WatchedResponse["kind"], revision: number, some: WatchedEvent[] = []) => ({
  ...{ kind, revision, events: some, isFragment: false, compactRevision: 0 },
});
const created = response("created", 1);

function watched(responses: WatchedResponse[], more: Partial<Watched> = {}): Watched {
  return {
    ...{ client: "c1", key: "a", rangeEnd: "c", from: 2, wantsPuts: true, wantsDeletes: true },
    ...{ wantsBefore: false, takesFragments: false, responses },
    ...more,
  };
}

const at = (place: number): WatchedEvent => {
  const event = events[place];
  if (event === undefined) throw new Error("no such event");
  return event;
};

test("a watch that got every event, and progress behind the last, is as promised", () => {
  const all = watched([created, response("events", 5, events), response("progress", 5)]);
  expect(() => checkWatches([all], model)).not.toThrow();
  expect(() => checkWatchedTo(all, model, 5)).not.toThrow();
});

test("W10: a watch that got less than there was is behind", () => {
  const less = watched([created, response("events", 5, [at(0)])]);
  expect(() => checkWatches([less], model)).not.toThrow();
  expect(() => checkWatchedTo(less, model, 5)).toThrow("W10");
});

test.each<[invariant: string, why: string, watch: Watched]>([
  ["W5", "a gap", watched([created, response("events", 5, [at(1)])])],
  [
    "W4",
    "an event twice",
    watched([created, response("events", 5, [at(0)]), response("events", 5, [at(0)])]),
  ],
  [
    "W5",
    "an event of another range",
    watched([created, response("events", 5, [at(0), at(1)])], { rangeEnd: "" }),
  ],
  [
    "W5",
    "what a filter keeps out",
    watched([created, response("events", 5, [at(0)])], { wantsPuts: false }),
  ],
  [
    "W5",
    "another value",
    watched([created, response("events", 5, [{ ...at(0), pair: at(1).pair }])]),
  ],
  [
    "W7",
    "progress past what is still to come",
    watched([created, response("progress", 5), response("events", 5, events)]),
  ],
  [
    "W7",
    "progress behind what was delivered",
    watched([created, response("events", 5, events), response("progress", 2)]),
  ],
  ["W9", "an event before the creation", watched([response("events", 5, events)])],
  [
    "W9",
    "an event after the cancellation",
    watched([created, response("canceled", 5), response("events", 5, events)]),
  ],
  [
    "W6",
    "an end for compaction without one",
    watched([created, { ...response("canceled", 5), compactRevision: 3 }]),
  ],
  [
    "W8",
    "a previous pair that nobody asked for",
    watched([created, response("events", 5, [{ ...at(0), before: at(1).pair }])]),
  ],
  ["M1", "a header behind its events", watched([created, response("events", 2, events)])],
])("%s: %s", (invariant, _why, watch) => {
  expect(() => checkWatches([watch], model)).toThrow(invariant);
});
