import { nextChance } from "@conclave/base";
import type { Channel } from "@conclave/rpc";
import { Watch, WatchRequest, WatchResponse } from "@conclave/wire";
import type { Watched } from "../history.ts";
import { bytesOfText, type WorkClient } from "./client.ts";
import { isCanceled, StreamWatches, type WatchTerms } from "./stream-watches.ts";

/** Between two asks for progress. Milliseconds. */
const PROGRESS_MS_MAX = 1_500;
/** A watch stays with one member so long, at most. Milliseconds. */
const WATCH_MS_MAX = 3_500;
/** What a slow reader lets the server send ahead. Bytes. */
const NARROW_WINDOW_BYTES = 300;
/** Watches that join one on its stream, at most. Count. */
const JOINERS_MAX = 3;
/** A slow reader stops reading for so long, and so often, at most. Milliseconds. */
const READING_MS_MAX = 400;

const RANGES = [
  ["k/", "k0"],
  ["k/", "k0"],
  ["k/1", ""],
  ["k/3", "k/x9"],
  ["\0", "\0"],
] as const;

/** Follows a range, now at one member, now at another: from where it was, from the past, from now or from the future. */
export async function workOnWatches(client: WorkClient): Promise<void> {
  const slowly = client.openChannels({ streamWindowBytes: NARROW_WINDOW_BYTES });
  let next = 1;
  let terms = drawTerms(client, next);
  while (!client.isStopping) {
    const lifeMs = 300 + client.below(WATCH_MS_MAX);
    const isSlow = nextChance(client.prng, 0.5);
    const channel = isSlow ? slowly[client.below(slowly.length)] : client.channel();
    const staysWithoutLeader = nextChance(client.prng, 0.5);
    const from = next;
    const joiners = Array.from({ length: client.below(JOINERS_MAX + 1) }, () =>
      drawTerms(client, from),
    );
    const life = {
      lifeMs,
      isSlow,
      staysWithoutLeader,
      joiners,
      ...(channel === undefined ? {} : { channel }),
    };
    const watched = await watchOnce(client, { ...terms, from: next }, life);
    next = nextRevision(watched, next);
    if (nextChance(client.prng, 0.3)) {
      terms = drawTerms(client, next);
      next = terms.from;
    }
    await client.think();
  }
}

/** Where a watch goes on after one that ended: what was delivered is not asked for again. */
function nextRevision({ responses, from }: Watched, wanted: number): number {
  let next = from === 0 ? (responses[0]?.revision ?? -1) + 1 : wanted;
  for (const { compactRevision, events, isFragment } of responses) {
    if (compactRevision > 0) next = Math.max(next, compactRevision);
    const last = events.at(-1);
    // Of a revision in fragments the rest is still to come: it is asked for again as a whole.
    if (last !== undefined) next = Math.max(next, isFragment ? last.revision : last.revision + 1);
  }
  return next;
}

function drawTerms(client: WorkClient, next: number): WatchTerms {
  const { prng } = client;
  const [key, rangeEnd] = RANGES[client.below(RANGES.length)] ?? RANGES[0];
  const isFiltered = nextChance(prng, 0.3);
  const wantsPuts = !isFiltered || nextChance(prng, 0.5);
  const starts = [0, Math.max(1, next - client.below(30)), next, next + client.below(20)];
  return {
    key,
    rangeEnd,
    from: starts[client.below(starts.length)] ?? 0,
    wantsPuts,
    wantsDeletes: !isFiltered || !wantsPuts,
    wantsBefore: nextChance(prng, 0.5),
    takesFragments: nextChance(prng, 0.3),
  };
}

/** Everything from a revision on, as one member tells it, until `isDone`. */
export function followFrom(
  client: WorkClient,
  member: number,
  from: number,
  isDone: (watched: Watched) => boolean,
): Promise<Watched> {
  const terms = { key: "\0", rangeEnd: "\0", from, takesFragments: false, wantsBefore: false };
  const all = { ...terms, wantsPuts: true, wantsDeletes: true };
  return watchOnce(client, all, { lifeMs: 5_000, channel: client.channel(member), isDone });
}

interface WatchLife {
  /** Milliseconds. */
  readonly lifeMs: number;
  /** Default: to any member. */
  readonly channel?: Channel;
  /** It stays with a member that is cut off, and is there when that gets a snapshot. */
  readonly staysWithoutLeader?: boolean;
  /** It stops reading now and then: the server has to keep what it missed, and no more. */
  readonly isSlow?: boolean;
  /** They begin while it goes on: one buffer holds what all of them are sent. */
  readonly joiners?: readonly WatchTerms[];
  readonly isDone?: (watched: Watched) => boolean;
}

function watchOnce(client: WorkClient, terms: WatchTerms, life: WatchLife): Promise<Watched> {
  const watches = new StreamWatches(client);
  const watched = watches.begin(0, terms);
  return new Promise((resolve) => {
    let isOver = false;
    const stream = client.stream(
      Watch.Watch.path,
      {
        onMessage: (bytes) => {
          if (isOver) return;
          watches.onResponse(WatchResponse.decode(bytes));
          if (isCanceled(watched) || life.isDone?.(watched)) end();
        },
        onEnd: () => {
          isOver = true;
          ending.cancel();
          progress.cancel();
          resolve(watched);
        },
      },
      life.staysWithoutLeader ? {} : { metadata: { hasleader: "true" } },
      life.channel,
    );
    const end = (): void => {
      if (!isOver) stream.cancel();
    };
    stream.send(WatchRequest.encode({ createRequest: createRequestOf(terms) }));
    for (const [at, joiner] of (life.joiners ?? []).entries()) {
      client.clock.setTimer(client.below(life.lifeMs), () => {
        if (isOver) return;
        const watchId = at + 1;
        watches.begin(watchId, joiner);
        stream.send(
          WatchRequest.encode({ createRequest: { ...createRequestOf(joiner), watchId } }),
        );
      });
    }
    const askForProgress = (): void => {
      if (isOver) return;
      stream.send(WatchRequest.encode({ progressRequest: {} }));
      progress = client.clock.setTimer(client.below(PROGRESS_MS_MAX), askForProgress);
    };
    let progress = client.clock.setTimer(client.below(PROGRESS_MS_MAX), askForProgress);
    const stopReading = (): void => {
      if (isOver) return;
      stream.pause();
      client.clock.setTimer(client.below(READING_MS_MAX), goOnReading);
    };
    const goOnReading = (): void => {
      if (isOver) return;
      stream.resume();
      client.clock.setTimer(client.below(READING_MS_MAX), stopReading);
    };
    if (life.isSlow) stopReading();
    // Now and then to another member, from where it was: nothing may be lost or come twice.
    const ending = client.clock.setTimer(life.lifeMs, end);
  });
}

function createRequestOf(terms: WatchTerms) {
  const filters = [
    ...(terms.wantsPuts ? [] : [0 as const]),
    ...(terms.wantsDeletes ? [] : [1 as const]),
  ];
  return {
    key: bytesOfText(terms.key),
    rangeEnd: bytesOfText(terms.rangeEnd),
    startRevision: terms.from,
    filters,
    prevKv: terms.wantsBefore,
    fragment: terms.takesFragments,
    progressNotify: true,
  };
}
