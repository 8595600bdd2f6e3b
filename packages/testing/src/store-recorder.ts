import type { MemberNode } from "@conclave/server/simulation";
import { EventType, WatchCreateRequest, WatchResponse } from "@conclave/wire";
import type { History } from "./history.ts";

const EVERYTHING = Uint8Array.of(0);

/** Writes down every change of the store once, whichever member shows it first. */
export class StoreRecorder {
  readonly #history: History;
  #lastRevision = 1;

  constructor(history: History) {
    this.#history = history;
  }

  /** The store begins anew, and so does what watches are compared with: the same revisions stand for other changes now. */
  reset(): void {
    this.#lastRevision = 1;
    this.#history.changes.length = 0;
    this.#history.watches.length = 0;
  }

  follow(node: MemberNode): void {
    const stream = node.member.machine.watchHub.openStream({
      send: (...pieces) => {
        this.#onResponse(WatchResponse.decode(Buffer.concat(pieces)));
        return true;
      },
    });
    const startRevision = this.#lastRevision + 1;
    const range = { key: EVERYTHING, rangeEnd: EVERYTHING, startRevision };
    stream.create(WatchCreateRequest.create(range));
  }

  #onResponse({ events }: WatchResponse): void {
    const known = this.#lastRevision;
    for (const { kv, type } of events) {
      if (kv === null || kv.modRevision <= known) continue;
      const key = textOf(kv.key);
      const value = type === EventType.DELETE ? null : textOf(kv.value);
      const { modRevision: revision } = kv;
      this.#history.changes.push({ atMs: this.#history.nowMs, revision, key, value });
      this.#history.note(`the store ${value === null ? "deletes" : "has"} ${key} at ${revision}`);
      this.#lastRevision = revision;
    }
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
