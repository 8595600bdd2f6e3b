import { Status, type UnaryCall } from "@conclave/rpc";
import { RangeReading, type RangeResult, type RefusedResult } from "@conclave/state-machine";
import { type EtcdError, type RangeRequest, RangeResponse } from "@conclave/wire";
import type { LongRead } from "../node/long-reads.ts";
import type { Member } from "../node/member.ts";
import { failWith } from "./errors.ts";

/** grpc-go's limit on what etcd sends, and that of etcd's clients on what they take. Bytes. */
const ANSWER_BYTES_MAX = 2 ** 31 - 1;
/** What is done in the time of passing over a key: pairs encoded, and bytes put together. */
const PAIRS_PER_WORK = 1 / 4;
const BYTES_PER_WORK = 1_024;

type Reading = Pick<
  RangeReading,
  "revision" | "storeRevision" | "pairBytes" | "isVoid" | "step" | "answer"
>;

export interface LongRangeOptions {
  readonly call: UnaryCall;
  readonly request: RangeRequest;
  readonly member: Pick<Member, "header" | "machine">;
  readonly reading: Reading;
  /** Answers at once. */
  readonly answer: (call: UnaryCall, result: RangeResult | RefusedResult) => void;
}

/** Answers a Range of very many keys: reads them, encodes them and puts the answer together, all in steps. */
export class LongRange implements LongRead {
  readonly #o: LongRangeOptions;
  #reading: Reading;
  /** What was read, once that is over. */
  #kvs: readonly Uint8Array[] | null = null;
  #encodedCount = 0;
  /** The answer in pieces; a repeated field may come in as many as one likes. */
  #pieces: Uint8Array[] = [];
  #whole: Buffer | null = null;
  #joinedBytes = 0;

  constructor(options: LongRangeOptions) {
    this.#o = options;
    this.#reading = options.reading;
  }

  get revision(): number {
    return this.#reading.revision;
  }

  get gatheredBytes(): number {
    return this.#reading.pairBytes;
  }

  get isWanted(): boolean {
    return !this.#o.call.cancelled;
  }

  refuse(error: EtcdError): void {
    failWith(this.#o.call, error);
  }

  step(work: number): boolean {
    if (this.#kvs === null) return this.#read(work);
    if (this.#whole === null) this.#encode(this.#kvs, work);
    else if (this.#join(this.#whole, work * BYTES_PER_WORK)) {
      this.#o.call.reply(this.#whole);
      return true;
    }
    return false;
  }

  #read(work: number): boolean {
    if (this.#reading.isVoid) return this.#beginAnew(work);
    const isRead = this.#reading.step(work);
    const { pairBytes } = this.#reading;
    if (pairBytes > ANSWER_BYTES_MAX) {
      const text = `grpc: trying to send message larger than max (${pairBytes} vs. ${ANSWER_BYTES_MAX})`;
      this.#o.call.fail(Status.RESOURCE_EXHAUSTED, text);
      return true;
    }
    if (!isRead) return false;
    this.#kvs = this.#reading.answer().kvs;
    const header = this.#o.member.header(this.#reading.storeRevision);
    this.#pieces.push(RangeResponse.encode({ header }));
    return false;
  }

  /** A snapshot took the place of what was being read. */
  #beginAnew(work: number): boolean {
    const { member, call, request, answer } = this.#o;
    const result = member.machine.readRange(request, work);
    if (result instanceof RangeReading) {
      this.#reading = result;
      return false;
    }
    answer(call, result);
    return true;
  }

  /** Few pairs of large values are as much work as many of small ones. */
  #encode(all: readonly Uint8Array[], work: number): void {
    const countMax = Math.ceil(work * PAIRS_PER_WORK);
    const begin = this.#encodedCount;
    let bytesLeft = work * BYTES_PER_WORK;
    while (this.#encodedCount < all.length && this.#encodedCount < begin + countMax) {
      bytesLeft -= all[this.#encodedCount]!.length;
      this.#encodedCount += 1;
      if (bytesLeft <= 0) break;
    }
    const kvs = all.slice(begin, this.#encodedCount);
    this.#pieces.push(RangeResponse.encode({ kvs }));
    if (this.#encodedCount < all.length) return;
    const { more, count } = this.#reading.answer();
    this.#pieces.push(RangeResponse.encode({ more, count }));
    this.#pieces.reverse();
    this.#whole = Buffer.allocUnsafe(this.#pieces.reduce((sum, { length }) => sum + length, 0));
  }

  #join(whole: Buffer, bytesMax: number): boolean {
    const until = Math.min(whole.length, this.#joinedBytes + bytesMax);
    while (this.#joinedBytes < until) {
      const piece = this.#pieces.pop()!;
      whole.set(piece, this.#joinedBytes);
      this.#joinedBytes += piece.length;
    }
    return this.#joinedBytes === whole.length;
  }
}
