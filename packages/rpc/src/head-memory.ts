import type { HeaderField } from "./header-field.ts";
import type { HpackDecoder } from "./hpack-decoder.ts";
import { latin1 } from "./latin1.ts";

/** Header blocks remembered with their meaning, for a peer that repeats them. Count per connection. */
const REMEMBERED_HEADS = 16;
/** Longer blocks are not worth remembering. Octets. */
const REMEMBERED_BLOCK_BYTES = 512;

/** A header block, understood. Shared by all that came in the same octets. */
export interface RememberedHead {
  /** It is not likely to come again, and not worth remembering. */
  readonly passing: boolean;
}

/**
 * Reads header blocks, and knows those seen a moment ago by their bytes alone: as long as the decoder's table stands
 * still, equal bytes mean equal fields. Both ends of gRPC send the same few
 * blocks for ever.
 */
export class HeadMemory<Head extends RememberedHead> {
  readonly #decoder: HpackDecoder;
  readonly #heads = new Map<string, Head>();
  readonly #understand: (fields: readonly HeaderField[]) => Head;
  /** The decoder's generation that all heads are of. */
  #generation = 0;

  constructor(decoder: HpackDecoder, understand: (fields: readonly HeaderField[]) => Head) {
    this.#decoder = decoder;
    this.#understand = understand;
  }

  /** @returns null if the header list is over its limits. Throws as the decoder does. */
  read(block: Buffer, start: number, end: number): Head | null {
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
    const head = this.#understand(decoder.fields);
    const tableStoodStill = this.#generation === decoder.tableGeneration;
    if (mayRemember && tableStoodStill && !head.passing) {
      if (this.#heads.size >= REMEMBERED_HEADS) this.#heads.clear();
      this.#heads.set(key, head);
    }
    return head;
  }
}
