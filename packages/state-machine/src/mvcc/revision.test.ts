import { expect, test } from "vitest";
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
