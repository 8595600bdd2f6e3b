/**
 * Bytes held as a string with one character, 0 to 255, for each byte (latin1). V8 keeps such a string
 * at one byte a character, and `<`, `===` and Map lookup on it are byte order and byte equality:
 * the cheapest key there is for an ordered index of binary keys.
 */
export type ByteString = string & { readonly unit: "ByteString" };

/** Copies `bytes[from, to)`: they may be reused once this returns. A view for the stretch would cost more than the copy. */
export function byteStringOf(bytes: Uint8Array, from = 0, to = bytes.length): ByteString {
  return Buffer.prototype.latin1Slice.call(bytes, from, to) as ByteString;
}

/** The bytes of a byte string, in a buffer of their own. */
export function bytesOf(text: ByteString): Buffer {
  return Buffer.from(text, "latin1");
}

/** A text as its UTF-8 bytes. */
export function utf8ByteString(text: string): ByteString {
  return byteStringOf(Buffer.from(text, "utf8"));
}
