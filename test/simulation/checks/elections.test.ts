import { DeleteRangeRequest, PutRequest } from "@conclave/wire";
import { describe, expect, test } from "vitest";
import { ReferenceModel } from "../../../packages/state-machine/src/reference-model.ts";
import type { ElectedTerm, Observed, Proclamation } from "../history.ts";
import { bytesOfText } from "../workload/client.ts";
import { checkElections } from "./elections.ts";

const A = "election/a";
const B = "election/b";

/** Revisions: A stands at 2, B at 3, A proclaims at 4 and 5, its key goes at 6, and comes again at 7, behind B. */
const model = new ReferenceModel();
const put = (key: string, value: string) =>
  model.put(PutRequest.create({ key: bytesOfText(key), value: bytesOfText(value) }));
put(A, "a1");
put(B, "b1");
put(A, "a2");
put(A, "a3");
model.delete(DeleteRangeRequest.create({ key: bytesOfText(A) }));
put(A, "a4");

const none = { terms: [], proclamations: [], observed: [] };
const noEnds = new Map();

const term = (key: string, fence: number, revision: number, more: Partial<ElectedTerm> = {}) => ({
  ...{ client: "c1", key, fence, lease: 7n, revision, isEndAsked: true, resignedAt: 0 },
  ...more,
});

const proclaimed = (value: string, fence: number, more: Partial<Proclamation> = {}) => ({
  ...{ client: "c1", key: A, fence, value, revision: 0, isRefused: false },
  ...more,
});

/** The leader at a revision, as the model has it. */
function leader(key: string, revision: number): Observed["leaders"][number] {
  const pair = model.states[revision]?.get(key);
  if (pair === undefined) throw new Error("no such key");
  const { value, create: createRevision, mod: modRevision, version } = pair;
  return { revision, key, pair: { value, createRevision, modRevision, version } };
}

const observed = (...leaders: Observed["leaders"]) => ({ client: "c2", leaders });

describe("terms", () => {
  test("that begin first in line and end by resignation are as promised", () => {
    const terms = [term(A, 2, 3, { resignedAt: 6 }), term(B, 3, 7, { isEndAsked: false })];
    expect(() => checkElections({ ...none, terms }, model, noEnds)).not.toThrow();
  });

  test("end unasked with their lease", () => {
    const ends = new Map([[7n, { index: 9, isExpired: true }]]);
    const terms = [term(A, 2, 3, { isEndAsked: false })];
    expect(() => checkElections({ ...none, terms }, model, ends)).not.toThrow();
  });

  test.each<[problem: string, why: string, terms: ElectedTerm[]]>([
    ["K1: c1 leads by election/b", "two lead", [term(B, 3, 4)]],
    ["K1: c1 leads by election/a of 2 at 6", "one leads who is gone", [term(A, 2, 6)]],
    ["K1: c1 leads by election/a of 7", "one leads by an older key", [term(A, 7, 4)]],
    ["ended at 6, unasked", "somebody else ended it", [term(A, 2, 3, { isEndAsked: false })]],
    ["K5: c1 resigned election/a of 2 by 5", "it goes on", [term(A, 2, 3, { resignedAt: 5 })]],
    ["K5: c1 resigned election/b of 3 by 7", "it never ended", [term(B, 3, 6, { resignedAt: 7 })]],
  ])("%s: %s", (problem, _why, terms) => {
    expect(() => checkElections({ ...none, terms }, model, noEnds)).toThrow(problem);
  });
});

describe("proclamations", () => {
  test("in force where they were answered, or nowhere, are as promised", () => {
    const proclamations = [
      proclaimed("a2", 2, { revision: 4 }),
      proclaimed("a3", 2),
      proclaimed("a9", 2, { isRefused: true }),
    ];
    expect(() => checkElections({ ...none, proclamations }, model, noEnds)).not.toThrow();
  });

  test.each<[problem: string, why: string, proclamations: Proclamation[]]>([
    ["K5: c1 proclaimed for election/a of 2", "another term's", [proclaimed("a4", 2)]],
    ["K5: refused to c1", "in force all the same", [proclaimed("a2", 2, { isRefused: true })]],
    ["K5: answered to c1 at 4", "in force later", [proclaimed("a3", 2, { revision: 4 })]],
    ["K5: answered to c1 at 4", "never in force", [proclaimed("a9", 2, { revision: 4 })]],
  ])("%s: %s", (problem, _why, proclamations) => {
    expect(() => checkElections({ ...none, proclamations }, model, noEnds)).toThrow(problem);
  });
});

describe("observers", () => {
  test("that are told of each leader, or of the latest, and of all that it proclaims, are as promised", () => {
    const all = observed(leader(A, 3), leader(A, 4), leader(A, 5), leader(B, 6));
    const late = observed(leader(A, 5), leader(B, 7));
    expect(() => checkElections({ ...none, observed: [all, late] }, model, noEnds)).not.toThrow();
  });

  test.each<[problem: string, why: string, observed: Observed]>([
    ["K5: c2 saw election/b", "the second in line", observed(leader(B, 4))],
    ["K5: c2 saw election/a", "an old value", observed({ ...leader(A, 3), revision: 4 })],
    ["K5: c2 saw 4 after 5", "an order of their own", observed(leader(A, 5), leader(A, 4))],
    ["not told what election/a proclaimed at 4", "a gap", observed(leader(A, 3), leader(A, 5))],
    ["not told what election/a proclaimed at 5", "a gap", observed(leader(A, 4), leader(B, 6))],
  ])("%s: %s", (problem, _why, each) => {
    expect(() => checkElections({ ...none, observed: [each] }, model, noEnds)).toThrow(problem);
  });
});
