import { nextBelow, nextChance, type Prng } from "@conclave/base";
import type { Entry, HardState, SnapshotMark } from "@conclave/raft";
import type { WalRecovery } from "../wal.ts";
import type { WalBatch } from "../wal-group.ts";
import { entry, mark } from "./wal-fixture.ts";

export type LogContent = Pick<WalRecovery, "hardState" | "floor" | "entries">;

/** What a log holds after a number of batches, in the simplest words: the judge of what recovery may answer. */
export class WalModel {
  /** `contents[n]`: after n batches. */
  readonly contents: LogContent[] = [{ hardState: null, floor: null, entries: [] }];

  get content(): LogContent {
    return this.contents.at(-1)!;
  }

  append(batch: WalBatch): void {
    let { hardState, floor, entries }: LogContent = this.content;
    if (batch.reset) {
      floor = batch.reset;
      entries = [];
    }
    const first = batch.entries?.[0];
    if (first !== undefined) {
      entries = [...entries.filter(({ index }) => index < first.index), ...(batch.entries ?? [])];
    }
    if (batch.floor) {
      const { index: floorIndex } = batch.floor;
      floor = batch.floor;
      entries = entries.filter(({ index }) => index > floorIndex);
    }
    hardState = batch.hardState ?? hardState;
    this.contents.push({ hardState, floor, entries });
  }

  get lastIndex(): number {
    return this.content.entries.at(-1)?.index ?? this.content.floor?.index ?? 0;
  }
}

/** A batch that raft could ask for next: entries mostly, now and then an overwritten tail, a floor, a reset. */
export function randomBatch(model: WalModel, prng: Prng): WalBatch {
  const { hardState, floor } = model.content;
  const term = hardState?.term ?? 1;
  const floorIndex = floor?.index ?? 0;
  const lastIndex = model.lastIndex;
  if (nextChance(prng, 0.05) && lastIndex > floorIndex) {
    const index = floorIndex + 1 + nextBelow(prng, lastIndex - floorIndex);
    return { floor: mark(index, termAt(model, index)) };
  }
  if (nextChance(prng, 0.01)) return { reset: mark(lastIndex + 10, term), hardState };
  const overwrites = nextChance(prng, 0.1) && lastIndex > floorIndex;
  const back = overwrites ? 1 + nextBelow(prng, Math.min(5, lastIndex - floorIndex)) : 0;
  const firstIndex = lastIndex + 1 - back;
  const newTerm = overwrites ? term + 1 : term;
  const entries = randomEntries(firstIndex, newTerm, prng);
  const hasState = overwrites || nextChance(prng, 0.3);
  return { entries, ...(hasState ? { hardState: stateOf(newTerm, floorIndex) } : {}) };
}

function randomEntries(firstIndex: number, term: number, prng: Prng): Entry[] {
  const count = 1 + nextBelow(prng, 4);
  return Array.from({ length: count }, (_, nth) =>
    entry(firstIndex + nth, term, `${firstIndex + nth}.`.repeat(1 + nextBelow(prng, 60))),
  );
}

function stateOf(term: number, commit: number): HardState {
  // One vote a term (Raft 5.2).
  return { term, vote: BigInt(term), commit };
}

function termAt(model: WalModel, index: number): SnapshotMark["term"] {
  return model.content.entries.find((found) => found.index === index)?.term ?? 0;
}
