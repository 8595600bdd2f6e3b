/**
 * Headers or trailers of a call, lower-case names. Names ending in `-bin` hold base64 text as it came.
 * A name that came several times is joined with ", " (gRPC over HTTP/2, "Custom-Metadata").
 */
export interface Metadata {
  get(name: string): string | undefined;
  entries(): IterableIterator<readonly [string, string]>;
}
