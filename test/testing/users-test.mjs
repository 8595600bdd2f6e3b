// A test as somebody writes it who uses @conclave/testing with `node:test`. Run by node-test.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { monotonicFences, mutualExclusion, simulate } from "@conclave/testing";

/** What is tested: a store of reports, which may forget to look at the fence. */
class Reports {
  text = "";
  #fence = 0;

  save(text, { revision }) {
    if (process.env.CARELESS === undefined && revision < this.#fence) return false;
    this.#fence = Math.max(this.#fence, revision);
    this.text = text;
    return true;
  }
}

test("a report that was written by a stopped process does not replace a newer one", () =>
  simulate({ members: 3, seed: 7 }, async (sim) => {
    const [a, b] = [sim.client(), sim.client()];
    const reports = new Reports();
    const save = (text, lock) => {
      if (reports.save(text, lock.fence)) sim.history.accept("reports", lock.fence);
    };
    const lock = await a.locks.acquire("report");
    await sim.pause(a, "30s");
    await b.locks.request("report", async (next) => save("new", next));
    save("late", lock);
    sim.history.check(mutualExclusion("report"), monotonicFences());
    assert.equal(reports.text, "new");
  }));
