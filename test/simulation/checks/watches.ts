import {
  isInRange,
  type ModelEvent,
  type ModelPair,
  type ReferenceModel,
} from "../../../packages/state-machine/src/reference-model.ts";
import type { Watched, WatchedEvent, WatchedPair, WatchedResponse } from "../history.ts";
import { check, Violation } from "./violation.ts";

/** W1–W9: each watch was given the part of the ledger that it asked for, in order, once, from where it asked. */
export function checkWatches(watches: readonly Watched[], model: ReferenceModel): void {
  for (const watched of watches) new WatchCheck(watched, model).run();
}

class WatchCheck {
  readonly #watched: Watched;
  readonly #model: ReferenceModel;
  /** The next event due, by place in the ledger. */
  #next = 0;
  #lastRevision = 0;
  #progressRevision = 0;
  #openFragment = 0;

  constructor(watched: Watched, model: ReferenceModel) {
    this.#watched = watched;
    this.#model = model;
  }

  run(): void {
    let stage: "waiting" | "created" | "canceled" = "waiting";
    for (const response of this.#watched.responses) {
      this.#check(stage !== "canceled", "W9", "something came after the cancellation", response);
      if (response.kind === "created") {
        this.#check(stage === "waiting", "W9", "created twice", response);
        stage = "created";
        this.#begin(response);
        continue;
      }
      this.#check(stage === "created", "W9", "it came before the creation", response);
      if (response.kind === "canceled") {
        stage = "canceled";
        this.#onCanceled(response);
      } else if (response.kind === "progress") this.#onProgress(response);
      else this.#onEvents(response);
    }
  }

  #begin({ revision }: WatchedResponse): void {
    const from = this.#watched.from === 0 ? revision + 1 : this.#watched.from;
    this.#next = firstAt(this.#model.ledger, from);
    this.#progressRevision = from - 1;
  }

  /** W6: a watch ends by itself only if what it is to deliver is gone. */
  #onCanceled(response: WatchedResponse): void {
    const { compactRevision } = response;
    if (compactRevision === 0) return;
    const due = this.#peek()?.revision ?? Number.POSITIVE_INFINITY;
    const from = Math.max(this.#watched.from, this.#lastRevision + 1);
    const isGone = Math.min(due, from) < compactRevision;
    this.#check(isGone, "W6", "nothing that it still had to deliver is compacted", response);
    this.#check(
      compactRevision <= this.#model.compactRevision,
      "W6",
      "nobody compacted so much",
      response,
    );
  }

  /** W7: nothing up to here is still to come. */
  #onProgress(response: WatchedResponse): void {
    const { revision } = response;
    this.#check(revision >= this.#lastRevision, "W7", "progress behind the last event", response);
    const due = this.#peek();
    const isComplete = due === null || due.revision > revision;
    this.#check(isComplete, "W7", `progress before the event at ${due?.revision}`, response);
    this.#progressRevision = Math.max(this.#progressRevision, revision);
  }

  #onEvents(response: WatchedResponse): void {
    const { events, revision, isFragment } = response;
    this.#check(events.length > 0, "W9", "an empty response is no response", response);
    const [first] = events;
    if (first === undefined) return;
    const isContinued = first.revision === this.#openFragment;
    this.#check(
      first.revision > this.#lastRevision || isContinued,
      "W4",
      "a revision was split over responses",
      response,
    );
    for (const event of events) this.#onEvent(event, response);
    const last = events.at(-1) ?? first;
    this.#openFragment = isFragment ? last.revision : 0;
    this.#check(revision >= last.revision, "M1", "the header is behind the events", response);
    const due = this.#peek();
    const isWhole = isFragment || due === null || due.revision > last.revision;
    this.#check(isWhole, "W4", "a revision was not delivered whole", response);
    this.#check(
      !isFragment || this.#watched.takesFragments,
      "W4",
      "a fragment for whom did not want any",
      response,
    );
  }

  /** W1, W2, W3, W5, W8. */
  #onEvent(event: WatchedEvent, response: WatchedResponse): void {
    const due = this.#peek();
    this.#next += 1;
    if (due === null || due.revision !== event.revision || due.key !== event.key) {
      const wanted = due === null ? "nothing" : `${due.key} at ${due.revision}`;
      throw this.#violation(
        "W5",
        `got ${event.key} at ${event.revision}, due was ${wanted}`,
        response,
      );
    }
    this.#check(samePair(event.pair, due.pair), "W5", "another pair than was written", response);
    this.#check(
      event.revision > this.#progressRevision,
      "W7",
      "an event after its progress",
      response,
    );
    const { wantsBefore } = this.#watched;
    const isGone = event.before === null && this.#model.compactRevision >= 0;
    const isBeforeRight = wantsBefore
      ? isGone || samePair(event.before, due.before)
      : event.before === null;
    this.#check(isBeforeRight, "W8", "another previous pair than there was", response);
    this.#lastRevision = event.revision;
  }

  /** The next event of the ledger that the watch wants, or null. */
  #peek(): ModelEvent | null {
    const { ledger } = this.#model;
    for (; this.#next < ledger.length; this.#next += 1) {
      const event = ledger[this.#next];
      if (event !== undefined && isWanted(this.#watched, event)) return event;
    }
    return null;
  }

  #check(condition: boolean, invariant: string, problem: string, response: WatchedResponse): void {
    if (!condition) throw this.#violation(invariant, problem, response);
  }

  #violation(invariant: string, problem: string, response: WatchedResponse): Violation {
    const { client, key, rangeEnd, from } = this.#watched;
    const watch = `${client} watches [${key}, ${rangeEnd}) from ${from}`;
    return new Violation(`${invariant}: ${watch}: ${problem}: ${JSON.stringify(response)}`);
  }
}

/** W10: a watcher in a healthy cluster was given everything up to `revision`. */
export function checkWatchedTo(watched: Watched, model: ReferenceModel, revision: number): void {
  const from = firstAt(model.ledger, watched.from);
  const expected = model.ledger
    .slice(from)
    .filter((event) => isWanted(watched, event) && event.revision <= revision);
  const count = watched.responses.reduce((sum, { events }) => sum + events.length, 0);
  check(
    count >= expected.length,
    () => `W10: ${watched.client} was given ${count} events of ${expected.length}`,
  );
}

function isWanted(watched: Watched, { key, pair }: ModelEvent): boolean {
  if (!isInRange(key, watched.key, watched.rangeEnd)) return false;
  return pair === null ? watched.wantsDeletes : watched.wantsPuts;
}

/** Place of the first event at or after a revision. */
function firstAt(ledger: readonly ModelEvent[], revision: number): number {
  let [low, high] = [0, ledger.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ledger[middle]?.revision ?? 0) < revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a client was told what the model has. */
export function samePair(watched: WatchedPair | null, model: ModelPair | null): boolean {
  if (watched === null || model === null) return watched === null && model === null;
  return (
    watched.value === model.value &&
    watched.createRevision === model.create &&
    watched.modRevision === model.mod &&
    watched.version === model.version
  );
}
