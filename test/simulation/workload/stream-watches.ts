import { byteStringOf } from "@conclave/base";
import { EventType, type KeyValue, type WatchResponse } from "@conclave/wire";
import type { Watched, WatchedEvent, WatchedPair, WatchedResponse } from "../history.ts";
import type { WorkClient } from "./client.ts";

export type WatchTerms = Omit<Watched, "client" | "responses">;

/** Of an answer about progress: it is about every watch of the stream. */
const ALL_WATCHES = -1;

/** What each watch of one stream was told. The first has the id that a server gives to the first, others choose theirs. */
export class StreamWatches {
  readonly #client: WorkClient;
  readonly #watches = new Map<number, Watched>();

  constructor(client: WorkClient) {
    this.#client = client;
  }

  begin(id: number, terms: WatchTerms): Watched {
    const watched: Watched = { ...terms, client: this.#client.name, responses: [] };
    this.#client.history.watches.push(watched);
    this.#watches.set(id, watched);
    return watched;
  }

  onResponse(response: WatchResponse): void {
    const told = responseOf(response);
    if (response.watchId !== ALL_WATCHES) {
      this.#watches.get(response.watchId)?.responses.push(told);
      return;
    }
    for (const watched of this.#watches.values()) {
      const isUnderWay = watched.responses.length > 0 && !isCanceled(watched);
      if (isUnderWay) watched.responses.push(told);
    }
  }
}

export function isCanceled({ responses }: Watched): boolean {
  return responses.at(-1)?.kind === "canceled";
}

function responseOf(response: WatchResponse): WatchedResponse {
  const { created, canceled, events, fragment, compactRevision, header } = response;
  const kind = created
    ? "created"
    : canceled
      ? "canceled"
      : events.length > 0
        ? "events"
        : "progress";
  return {
    revision: header?.revision ?? 0,
    kind,
    isFragment: fragment,
    compactRevision,
    events: events.map(eventOf),
  };
}

function eventOf({ type, kv, prevKv }: WatchResponse["events"][number]): WatchedEvent {
  if (kv === null) throw new Error("an event without a key");
  return {
    revision: kv.modRevision,
    key: byteStringOf(kv.key),
    pair: type === EventType.DELETE ? null : pairOf(kv),
    before: prevKv === null ? null : pairOf(prevKv),
  };
}

export function pairOf({ value, createRevision, modRevision, version }: KeyValue): WatchedPair {
  return { value: byteStringOf(value), createRevision, modRevision, version };
}
