import { assert } from "@conclave/base";

/** What the cursor needs to know of an event. */
interface Revised {
  /** Mod revision of the event. */
  readonly revision: number;
}

/**
 * Where a watch goes on after its stream broke: at the revision after the last event it took over, and nowhere else.
 *
 * Two traps of other clients are closed here. The answer to a create request names the store's revision, which says
 * nothing about a watch that starts in the past: it anchors only a watch "from now". And while a late watch catches
 * up, the header of each batch names the store's revision too, beyond the events of that batch. Whoever moves the
 * cursor by either loses events when the stream breaks at that moment (failure mode 9; npm etcd3, jetcd).
 */
export class WatchCursor {
  #next: number | null;

  /** `startRevision` null: from now, to be anchored by the first create answer. */
  constructor(startRevision: number | null) {
    this.#next = startRevision;
  }

  /** The revision to ask for, null while a watch "from now" was not anchored. Never goes back. */
  get next(): number | null {
    return this.#next;
  }

  /** The server answered a create request; `storeRevision` is that answer's header revision. */
  onCreated(storeRevision: number): void {
    this.#next ??= storeRevision + 1;
  }

  /**
   * Takes over one response's events and returns those that are new: a server that is asked for a revision it has not
   * reached may replay older ones (etcd#20221). All events of a revision come in one response, so the cursor may
   * move past the last one's.
   */
  accept<E extends Revised>(events: readonly E[]): readonly E[] {
    const next = this.#next;
    const last = events.at(-1);
    if (last === undefined) return events;
    assert(next !== null, "no event comes before the watch was created");
    for (let at = 1; at < events.length; at += 1) {
      assert(events[at - 1]!.revision <= events[at]!.revision, "events come in revision order");
    }
    if (last.revision < next) return [];
    this.#next = last.revision + 1;
    return events[0]!.revision >= next ? events : events.filter((event) => event.revision >= next);
  }

  /**
   * The server sent this watch an empty progress message: everything up to `storeRevision` was delivered. To be called
   * only for a message addressed to this one watch: the answer to a manual progress request can overtake events on
   * old servers (etcd#15220). Without this, a quiet watch would resume at a revision long compacted.
   */
  onProgress(storeRevision: number): void {
    if (this.#next !== null && storeRevision >= this.#next) this.#next = storeRevision + 1;
  }
}
