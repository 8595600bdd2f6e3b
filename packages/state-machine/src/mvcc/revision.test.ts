import { expect, test, vi } from "vitest";
import { NO_SLOT, RevisionTable } from "./revision.ts";

/** More than a first chunk has in its small and in its whole form (16,384), so that both ways to grow are taken. */
const REVISIONS = 17_000;

test("revisions keep their columns and their chain while the table grows, and after it was cleared", () => {
  const table = new RevisionTable();
  for (const _ of [1, 2]) {
    let newest = NO_SLOT;
    for (let main = 1; main <= REVISIONS; main += 1) {
      newest = table.add(main, 0, 1, main, 10 + main, newest);
      table.setHash(newest, -main);
    }
    expect(table.count).toBe(REVISIONS);
    for (const main of [1, 255, 256, 257, 16_383, 16_384, 16_385, REVISIONS]) {
      const slot = table.atRevision(newest, main);
      const found = [table.main(slot), table.version(slot), table.bytes(slot), table.hash(slot)];
      expect(found).toEqual([main, main, 10 + main, -main]);
    }
    table.clear();
    expect(table.count).toBe(0);
  }
});

test("any revision of a long chain is found in a logarithmic number of steps", () => {
  const table = new RevisionTable();
  let newest = NO_SLOT;
  for (let main = 1; main <= REVISIONS; main += 1) newest = table.add(main, 0, 1, main, 0, newest);
  const steps = vi.spyOn(table, "main");
  for (let main = 1; main <= REVISIONS; main += 7) {
    steps.mockClear();
    expect(table.version(table.atRevision(newest, main))).toBe(main);
    expect(steps.mock.calls.length).toBeLessThan(6 * Math.log2(REVISIONS));
  }
});
