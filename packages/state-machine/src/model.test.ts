import { nextBelow, nextChance, type Prng, seededPrng } from "@conclave/base";
import { printReplayOnFailure, testSeeds } from "@conclave/base/testing";
import {
  type CompareInit,
  DeleteRangeRequest,
  type DeleteRangeRequestInit,
  EventType,
  KeyValue,
  PutRequest,
  type PutRequestInit,
  RangeRequest,
  type RangeRequestInit,
  type RequestOpInit,
  TxnRequest,
  type TxnRequestInit,
  TxnResponse,
  type TxnResponseInit,
  type WatchResponse,
} from "@conclave/wire";
import { beforeEach, describe, expect, test } from "vitest";
import { KeyValueHash } from "./mvcc/hash.ts";
import { checkTxnRequest } from "./mvcc/txn-check.ts";
import { isInRange, ModelRefusal, ReferenceModel, wireOf } from "./reference-model.ts";
import type { CommandResult, RangeResult, RefusedResult } from "./result.ts";
import { bytes, kvsOf, Member, type TestStream, text } from "./testing.ts";

const STEPS = 1_500;

const KEYS = ["a", "ab", "b", "c", "c\0", "ca", "d", "e\xff", "f"];
const ENDS = ["", "", "", "\0", "b", "c", "d", "g", "a"];
const LEASES = [1n, 2n, -3n, 2n ** 62n];

/** Draws requests. */
class Script {
  readonly prng: Prng;
  readonly model: ReferenceModel;

  constructor(prng: Prng, model: ReferenceModel) {
    this.prng = prng;
    this.model = model;
  }

  one<T>(items: readonly T[]): T {
    return items[nextBelow(this.prng, items.length)]!;
  }

  chance(probability: number): boolean {
    return nextChance(this.prng, probability);
  }

  revision(): number {
    if (this.chance(0.5)) return 0;
    return nextBelow(this.prng, this.model.revision + 3) - 1;
  }

  put(): PutRequestInit {
    const ignoreValue = this.chance(0.1);
    const ignoreLease = this.chance(0.1);
    return {
      key: bytes(this.one(KEYS)),
      value: ignoreValue ? bytes("") : bytes(this.one(["", "x", "y", "z".repeat(40)])),
      lease: ignoreLease || this.chance(0.6) ? 0n : this.one(LEASES),
      prevKv: this.chance(0.4),
      ignoreValue,
      ignoreLease,
    };
  }

  delete(): DeleteRangeRequestInit {
    const rangeEnd = this.chance(0.6) ? "" : this.one(ENDS);
    return { key: bytes(this.one(KEYS)), rangeEnd: bytes(rangeEnd), prevKv: this.chance(0.5) };
  }

  range(): RangeRequestInit {
    const bound = () => (this.chance(0.1) ? nextBelow(this.prng, this.model.revision + 2) : 0);
    return {
      key: bytes(this.one([...KEYS, "\0"])),
      rangeEnd: bytes(this.one(ENDS)),
      revision: this.revision(),
      limit: this.chance(0.5) ? 0 : nextBelow(this.prng, 5),
      sortOrder: nextBelow(this.prng, 3),
      sortTarget: this.chance(0.5) ? 0 : nextBelow(this.prng, 5),
      keysOnly: this.chance(0.2),
      countOnly: this.chance(0.1),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    };
  }

  compare(): CompareInit {
    const target = nextBelow(this.prng, 5);
    const number = nextBelow(this.prng, this.chance(0.5) ? 4 : this.model.revision + 2);
    const unions: CompareInit[] = [
      { version: number },
      { createRevision: number },
      { modRevision: number },
      { value: bytes(this.one(["", "x", "y"])) },
      { lease: this.one([0n, ...LEASES]) },
    ];
    const rangeEnd = this.chance(0.7) ? "" : this.one(ENDS);
    const base = { key: bytes(this.one(KEYS)), rangeEnd: bytes(rangeEnd), target };
    return { ...base, result: nextBelow(this.prng, 4), ...unions[target] };
  }

  txn(depth = 0): TxnRequestInit {
    const some = <T>(max: number, draw: () => T) =>
      Array.from({ length: nextBelow(this.prng, max + 1) }, draw);
    const op = (): RequestOpInit => {
      const kind = nextBelow(this.prng, depth < 2 ? 8 : 7);
      if (kind < 3) return { requestPut: this.put() };
      if (kind < 5) return { requestRange: this.range() };
      if (kind < 7) return { requestDeleteRange: this.delete() };
      return { requestTxn: this.txn(depth + 1) };
    };
    return { compare: some(2, () => this.compare()), success: some(4, op), failure: some(3, op) };
  }
}

function comparable(result: CommandResult | RangeResult): unknown {
  switch (result.kind) {
    case "refused":
      return { refused: result.refusal };
    case "put":
      return { revision: result.revision, prevKv: result.prevKv && KeyValue.decode(result.prevKv) };
    case "delete-range":
      return {
        revision: result.revision,
        deleted: result.deleted,
        prevKvs: result.prevKvs.map((pair) => KeyValue.decode(pair)),
      };
    case "txn":
      return { revision: result.revision, ...normal(result) };
    default:
      return { revision: result.revision };
  }
}

/** A transaction's answer as a client decodes it. */
function normal(answer: TxnResponseInit) {
  const { succeeded, responses } = TxnResponse.decode(
    TxnResponse.encode({ succeeded: answer.succeeded, responses: answer.responses }),
  );
  return { succeeded, responses };
}

function expected(model: ReferenceModel, run: () => unknown): unknown {
  try {
    const answer = run() as object | undefined;
    return { revision: model.revision, ...answer };
  } catch (error) {
    if (error instanceof ModelRefusal) return { refused: error.message };
    throw error;
  }
}

/** Runs one drawn command on both and compares what they answer. */
function step(script: Script, member: Member): void {
  const { model } = script;
  const kind = nextBelow(script.prng, 100);
  if (kind < 40) {
    const request = PutRequest.create(script.put());
    const want = expected(model, () => {
      const before = model.put(request);
      return { prevKv: request.prevKv && before ? wireOf(before) : null };
    });
    expect(comparable(member.put("", "", request))).toEqual(want);
  } else if (kind < 55) {
    const request = DeleteRangeRequest.create(script.delete());
    const want = expected(model, () => {
      const deleted = model.delete(request);
      return { deleted: deleted.length, prevKvs: request.prevKv ? deleted.map(wireOf) : [] };
    });
    expect(comparable(member.delete("", "", request))).toEqual(want);
  } else if (kind < 80) {
    const init = script.txn();
    const request = TxnRequest.create(init);
    if (checkTxnRequest(request, 128) !== null) return;
    const want = expected(model, () => normal(model.txn(request)));
    expect(comparable(member.txn(init))).toEqual(want);
  } else if (kind < 86) {
    const id = script.one(LEASES);
    const want = expected(model, () => model.grant(id, 10));
    expect(comparable(member.grant(id, 10))).toEqual(want);
  } else if (kind < 91) {
    const id = script.one(LEASES);
    const want = expected(model, () => model.revoke(id));
    expect(comparable(member.revoke(id))).toEqual(want);
  } else if (kind < 93) {
    const revision = script.chance(0.3)
      ? nextBelow(script.prng, model.revision + 3) - 1
      : Math.max(1, model.revision - nextBelow(script.prng, 30));
    const want = expected(model, () => model.compact(revision));
    expect(comparable(member.compact(revision))).toEqual(want);
  } else checkRange(script, member);
}

function checkRange(script: Script, member: Member): void {
  const init = script.range();
  const want = expected(script.model, () => {
    const { pairs, count, more } = script.model.range(RangeRequest.create(init));
    return { kvs: pairs.map(wireOf), count, more };
  });
  const got: RangeResult | RefusedResult = member.range("", "", init);
  if (got.kind === "refused") expect({ refused: got.refusal }).toEqual(want);
  else {
    const { revision, count, more } = got;
    expect({ revision, kvs: kvsOf(got), count, more }).toEqual(want);
  }
}

/** A client that follows a range, and holds the server to what it promises a watcher. */
class Follower {
  readonly key: string;
  readonly end: string;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly fragment: boolean;
  readonly firstRevision: number;
  readonly capacity: number;
  readonly model: ReferenceModel;
  stream!: TestStream;
  /** Where a new watch would go on. */
  next: number;
  /** How far the ledger was compared. */
  compared: number;
  isCompacted = false;
  events = 0;

  constructor(script: Script, firstRevision: number) {
    this.model = script.model;
    this.key = script.one(KEYS);
    this.end = script.one(["", "", "\0", "d", "g"]);
    if (this.end !== "" && this.end !== "\0" && this.end <= this.key) this.end = "\0";
    this.prevKv = script.chance(0.5);
    this.noPut = script.chance(0.15);
    this.noDelete = script.chance(0.15);
    this.fragment = script.chance(0.3);
    this.capacity = script.one([1, 2, 10, Number.POSITIVE_INFINITY]);
    this.firstRevision = firstRevision;
    this.next = firstRevision;
    this.compared = firstRevision;
  }

  connect(member: Member): void {
    this.stream = member.openStream(this.capacity);
    const filters = [...(this.noPut ? [0 as const] : []), ...(this.noDelete ? [1 as const] : [])];
    const { prevKv, fragment } = this;
    this.stream.create(this.key, this.end, {
      startRevision: this.next,
      filters,
      prevKv,
      fragment,
      progressNotify: true,
    });
  }

  read(): void {
    for (const response of this.stream.received.splice(0)) this.#onResponse(response);
  }

  #onResponse(response: WatchResponse): void {
    if (response.created) return;
    if (response.canceled) {
      expect(response.header!.revision).toBe(0);
      expect(response.compactRevision).toBeGreaterThan(this.next);
      expect(response.compactRevision).toBeLessThanOrEqual(this.model.compactRevision);
      this.isCompacted = true;
      return;
    }
    const { revision } = response.header!;
    // Bookmarkable: everything this follower wants up to the header's revision is in this response or came before.
    const wanted = this.#wanted(this.compared, revision);
    this.compared = Math.max(this.compared, revision + 1);
    expect(response.events.map((event) => this.#eventOf(event))).toEqual(
      wanted.map((event) => ({
        revision: event.revision,
        key: event.key,
        pair: event.pair === null ? null : wireOf(event.pair),
      })),
    );
    response.events.forEach((event, at) => {
      const { pair, before, revision: at_ } = wanted[at]!;
      const isCreate = pair !== null && pair.create === pair.mod;
      const mustShow = this.prevKv && !isCreate && before !== null;
      if (event.prevKv !== null) {
        expect(this.prevKv && !isCreate).toBe(true);
        expect(event.prevKv).toEqual(wireOf(before!));
      } else if (mustShow) expect(at_ - 1).toBeLessThan(this.model.compactRevision);
    });
    this.events += response.events.length;
    this.next = Math.max(this.next, revision + 1);
  }

  #eventOf({ type, kv }: WatchResponse["events"][number]) {
    const revision = kv!.modRevision;
    const key = text(kv!.key);
    return { revision, key, pair: type === EventType.DELETE ? null : kv };
  }

  #wanted(from: number, to: number) {
    return this.model.ledger.filter(
      ({ revision, key, pair }) =>
        revision >= from &&
        revision <= to &&
        isInRange(key, this.key, this.end) &&
        !(pair === null ? this.noDelete : this.noPut),
    );
  }

  /** After everything was drained: nothing is missing. */
  finish(): void {
    if (this.isCompacted) return;
    expect(this.#wanted(this.compared, this.model.revision)).toEqual([]);
  }
}

describe.each(testSeeds(1, 6))("CONCLAVE_SEED=%i", (seed) => {
  beforeEach(() => printReplayOnFailure(seed));

  test("answers and history agree with the reference model, through compactions and crashes", () => {
    const model = new ReferenceModel();
    const script = new Script(seededPrng(seed), model);
    const member = new Member();
    for (let at = 0; at < STEPS; at += 1) {
      step(script, member);
      if (script.chance(0.2)) member.machine.compactStep(1 + nextBelow(script.prng, 5));
      if (!script.chance(0.02)) continue;
      const before = member.machine.stateHash();
      if (script.chance(0.5)) member.store.seal();
      member.restart();
      expect(member.machine.stateHash()).toBe(before);
      expect(member.machine.revision).toBe(model.revision);
      expect(member.machine.keyCount).toBe(model.states[model.revision]!.size);
      for (const id of LEASES) {
        const keys = member.machine.lease(id)?.keys().map(text) ?? null;
        expect(keys).toEqual(model.leases.has(id) ? model.keysOf(id) : null);
      }
    }
    for (let i = 0; i < 200; i += 1) checkRange(script, member);
  });

  test("a sweep changes nothing that can be read, and two members agree whatever theirs have done", () => {
    const script = new Script(seededPrng(seed + 1000), new ReferenceModel());
    const [swept, lazy] = [new Member(), new Member()];
    for (let at = 0; at < STEPS / 3; at += 1) {
      step(script, swept);
      if (script.chance(0.1)) swept.sweep();
    }
    // The same entries again: what came out of one member's log goes into the other's.
    const again = new Script(seededPrng(seed + 1000), new ReferenceModel());
    for (let at = 0; at < STEPS / 3; at += 1) {
      step(again, lazy);
      again.chance(0.1);
    }
    expect(lazy.machine.stateHash()).toBe(swept.machine.stateHash());
    expect(hashKv(lazy, 0)).toEqual(hashKv(swept, 0));
    lazy.sweep();
    swept.sweep();
    expect(lazy.machine.sizeBytes).toBe(swept.machine.sizeBytes);
    expect([...lazy.store.entries()]).toEqual([...swept.store.entries()]);
  });

  test("watchers see every event once, in order, whole revisions, through full buffers, crashes and compactions", () => {
    const model = new ReferenceModel();
    const script = new Script(seededPrng(seed + 2000), model);
    const member = new Member();
    let followers: Follower[] = [];
    let eventsSeen = 0;
    const settle = () => {
      for (const follower of followers) {
        follower.read();
        follower.finish();
        eventsSeen += follower.events;
        follower.events = 0;
      }
    };
    const drainAll = () => {
      let hasMore = true;
      while (hasMore) {
        for (const follower of followers) {
          follower.read();
          follower.stream.drain();
        }
        member.machine.watchHub.catchUp(1_000);
        hasMore =
          followers.some((follower) => follower.stream.received.length > 0) ||
          member.machine.watchHub.needsCatchUp;
      }
      settle();
    };
    for (let at = 0; at < STEPS; at += 1) {
      step(script, member);
      if (script.chance(0.1) && followers.length < 12) {
        const from = Math.max(1, model.revision + 5 - nextBelow(script.prng, 40));
        const follower = new Follower(script, from);
        follower.connect(member);
        followers.push(follower);
      }
      if (script.chance(0.3)) member.machine.watchHub.catchUp(1 + nextBelow(script.prng, 20));
      for (const follower of followers) {
        if (script.chance(0.2)) follower.read();
        if (script.chance(0.1)) follower.stream.drain();
      }
      if (script.chance(0.05)) member.machine.watchHub.notifyProgress();
      if (script.chance(0.05)) member.machine.compactStep(10);
      if (script.chance(0.02)) {
        drainAll();
        followers = followers.filter((follower) => !follower.isCompacted && script.chance(0.8));
      }
      if (script.chance(0.01)) {
        for (const follower of followers) follower.read();
        member.restart();
        for (const follower of followers) follower.connect(member);
      }
    }
    drainAll();
    expect(eventsSeen).toBeGreaterThan(STEPS / 4);
  });
});

function hashKv(member: Member, revision: number) {
  const hash = member.machine.hashKv(revision);
  if (!(hash instanceof KeyValueHash)) throw new Error(hash.refusal);
  for (const [key, value] of member.store.entries("k", "l")) if (!hash.add(key, value)) break;
  return { revision: hash.revision, compact: hash.compactRevision, crc: hash.digest() };
}
