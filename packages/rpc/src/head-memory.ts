import type { HpackDecoder } from "./hpack-decoder.ts";
import { latin1 } from "./latin1.ts";
import { type RequestHead, readRequestHead } from "./request-head.ts";

/** Header blocks remembered with their meaning, for a peer that repeats them. Count per connection. */
const REMEMBERED_HEADS = 16;
/** Longer blocks are not worth remembering. Octets. */
const REMEMBERED_BLOCK_BYTES = 512;

/**
 * Reads request heads, and knows those seen a moment ago by their bytes alone: as long as the decoder's table stands
 * still, equal bytes mean equal fields. Clients send the same few blocks for ever.
 */
export class HeadMemory {
  readonly #decoder: HpackDecoder;
  readonly #heads = new Map<string, RequestHead>();
  /** The decoder's generation that all heads are of. */
  #generation = 0;

  constructor(decoder: HpackDecoder) {
    this.#decoder = decoder;
  }

  /** @returns null if the header list is over its limits. Throws as the decoder does. */
  read(block: Buffer, start: number, end: number): RequestHead | null {
    const decoder = this.#decoder;
    if (this.#generation !== decoder.tableGeneration) {
      this.#heads.clear();
      this.#generation = decoder.tableGeneration;
    }
    const mayRemember = end - start <= REMEMBERED_BLOCK_BYTES;
    const key = mayRemember ? latin1(block, start, end) : "";
    const known = mayRemember ? this.#heads.get(key) : undefined;
    if (known !== undefined) return known;
    decoder.decode(block, start, end);
    if (decoder.overflowed) return null;
    const head = readRequestHead(decoder.fields);
    const tableStoodStill = this.#generation === decoder.tableGeneration;
    const isPassing = head.timeoutMs !== null; // such blocks differ each time
    if (mayRemember && tableStoodStill && !isPassing) {
      if (this.#heads.size >= REMEMBERED_HEADS) this.#heads.clear();
      this.#heads.set(key, head);
    }
    return head;
  }
}
