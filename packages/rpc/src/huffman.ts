import { assert } from "@conclave/base";
import { latin1 } from "./latin1.ts";

/**
 * Length in bits of the code of each octet, then of EOS (RFC 7541 Appendix B). The code is canonical:
 * codes of one length are consecutive in order of symbol, so the lengths say everything.
 */
// biome-ignore format: sixteen to a line, as a table
const CODE_LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const EOS = 256;
const LONGEST = 30;

/** The code of each symbol, in its lowest bits. */
const CODES = canonicalCodes(CODE_LENGTHS);

function canonicalCodes(lengths: readonly number[]): Uint32Array {
  const codes = new Uint32Array(lengths.length);
  let next = 0;
  for (let length = 1; length <= LONGEST; length += 1) {
    next = next * 2;
    for (let symbol = 0; symbol < lengths.length; symbol += 1) {
      if (lengths[symbol] !== length) continue;
      codes[symbol] = next;
      next += 1;
    }
  }
  assert(next === 2 ** LONGEST, "the Huffman code is complete");
  return codes;
}

/**
 * The decoder is a machine fed four bits at a time. A state is an inner node of the code tree (0 is the root); the
 * cell of a state and a nibble holds `next state << 9 | symbol + 1`, with 0 in place of a symbol when none
 * ends there, or -1 when EOS was met. No code is shorter than 5 bits, so a nibble ends one symbol at most.
 */
const { transitions: TRANSITIONS, accepting: ACCEPTING } = decodingMachine();

function decodingMachine(): { transitions: Int32Array; accepting: Uint8Array } {
  // Children of node n are at 2n and 2n + 1: another node (positive), or -(symbol + 1).
  const children: number[] = [0, 0];
  for (let symbol = 0; symbol <= EOS; symbol += 1) {
    let node = 0;
    const length = CODE_LENGTHS[symbol]!;
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      const branch = node * 2 + ((CODES[symbol]! >>> bit) & 1);
      if (bit === 0) children[branch] = -(symbol + 1);
      else if (children[branch] === 0) {
        children[branch] = children.length / 2;
        children.push(0, 0);
      }
      node = children[branch]!;
    }
  }
  const states = children.length / 2;
  const transitions = new Int32Array(states * 16);
  for (let state = 0; state < states; state += 1) {
    for (let nibble = 0; nibble < 16; nibble += 1) {
      transitions[state * 16 + nibble] = step(children, state, nibble);
    }
  }
  // Padding is the most significant bits of EOS, all ones, fewer than eight of them (RFC 7541 5.2).
  const accepting = new Uint8Array(states);
  for (let depth = 0, node = 0; depth < 8; depth += 1) {
    accepting[node] = 1;
    node = children[node * 2 + 1]!;
  }
  return { transitions, accepting };
}

function step(children: readonly number[], from: number, nibble: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit -= 1) {
    node = children[node * 2 + ((nibble >> bit) & 1)]!;
    if (node >= 0) continue;
    const symbol = -node - 1;
    if (symbol === EOS) return -1;
    emitted = symbol + 1;
    node = 0;
  }
  return (node << 9) | emitted;
}

/** Where decoded octets are collected; grows to the longest string met. */
let scratch = Buffer.allocUnsafeSlow(1024);

/** Decodes to one character for each octet (latin1), or null if the code is broken (RFC 7541 5.2). */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number): string | null {
  const longest = (end - start) * 2; // two nibbles an octet, one symbol a nibble at most
  if (scratch.length < longest) scratch = Buffer.allocUnsafeSlow(longest);
  const out = scratch;
  let length = 0;
  let state = 0;
  for (let at = start; at < end; at += 1) {
    const octet = bytes[at]!;
    const high = TRANSITIONS[state * 16 + (octet >> 4)]!;
    if (high < 0) return null;
    if ((high & 511) !== 0) {
      out[length] = (high & 511) - 1;
      length += 1;
    }
    const low = TRANSITIONS[(high >> 9) * 16 + (octet & 15)]!;
    if (low < 0) return null;
    if ((low & 511) !== 0) {
      out[length] = (low & 511) - 1;
      length += 1;
    }
    state = low >> 9;
  }
  if (ACCEPTING[state] === 0) return null;
  return latin1(out, 0, length);
}

/** Octets that {@link huffmanEncode} would write for a latin1 string. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) bits += CODE_LENGTHS[text.charCodeAt(at) & 255]!;
  return (bits + 7) >> 3;
}

/** Writes the code of a latin1 string at `at` and returns where it ended. Requires: room. */
export function huffmanEncode(text: string, out: Uint8Array, at: number): number {
  let position = at;
  let held = 0; // bits not written yet, in the lowest `heldBits` of `held`; fewer than 8 between symbols
  let heldBits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const symbol = text.charCodeAt(index) & 255;
    let bits = CODE_LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    while (bits > 0) {
      const taken = Math.min(bits, 8 - heldBits);
      bits -= taken;
      held = (held << taken) | ((code >>> bits) & ((1 << taken) - 1));
      heldBits += taken;
      if (heldBits < 8) continue;
      out[position] = held;
      position += 1;
      held = 0;
      heldBits = 0;
    }
  }
  if (heldBits > 0) {
    const padding = 8 - heldBits;
    out[position] = (held << padding) | ((1 << padding) - 1);
    position += 1;
  }
  return position;
}
