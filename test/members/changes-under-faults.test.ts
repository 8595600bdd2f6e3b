import { nextBelow, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import { describe, expect, test } from "vitest";
import { ChangingCluster } from "./changing-cluster.ts";

/** Things that happen in a run, and the virtual ms between two of them at most. */
const ACTS = 150;
const BETWEEN_MS_MAX = 1_500;
/** Once nothing fails any more. Virtual ms. */
const HEALED_WITHIN_MS = 60_000;

// F27: members are added, removed, replaced and promoted under load, crashes, pauses and cuts.
describe("whole members, while their cluster changes under load and faults", () => {
  test.each(testSeeds(1, 6))(
    "never have two leaders in a term, lose nothing acknowledged, and agree at the end; who was removed is gone (seed %i)",
    async (seed) => {
      printReplayOnFailure(seed);
      const prng = seededPrng(seed);
      const changing = new ChangingCluster(seed, prng);
      await changing.pass(7_000);
      for (let act = 0; act < ACTS; act += 1) {
        changing.act();
        await changing.pass(nextBelow(prng, BETWEEN_MS_MAX));
      }
      changing.heal();
      await changing.pass(20_000);
      changing.joinWhoWasAdded();
      await changing.pass(HEALED_WITHIN_MS, () => changing.problem === null);
      const { trace } = changing.cluster;
      const facts = () => [...changing.answers].join("\n") + trace.lastLines.slice(-60).join("\n");
      if (changing.problem !== null) console.error(facts());
      expect(changing.problem).toBeNull();
      expect(changing.lost()).toEqual([]);
      // A run in which nobody came or went would show nothing.
      const changed = [...changing.answers].filter(([name]) => name.endsWith("changed"));
      expect(changed.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(0);
    },
    120_000,
  );
});
