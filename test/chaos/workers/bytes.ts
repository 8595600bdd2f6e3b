export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** The end of the range of all keys with a prefix. */
export function prefixEnd(prefix: string): Uint8Array {
  const end = Buffer.from(prefix, "latin1");
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return end;
}
