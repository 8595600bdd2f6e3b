import { assert } from "@conclave/base";
import { NESTING_DEPTH_MAX, Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** A message, or the bytes it encodes to: those are copied into the message around it as they are. */
export type Encodable<T> = T | Uint8Array;

/**
 * Turns one message type into bytes and back. `Init` is what may be given to encode: fields may be
 * absent (they take their default), and inner messages so marked may be encoded already.
 */
export interface MessageCodec<Message, Init = Message> {
  /** Full protobuf name, like `etcdserverpb.RangeRequest`. */
  readonly typeName: string;
  /** Fills in defaults, all the way down. Bytes and strings are shared with `init`. */
  create(init?: Init): Message;
  /** Into bytes that are the caller's (maybe a part of a larger ArrayBuffer). @throws RangeError for a number that its field cannot hold. */
  encode(message: Init): Uint8Array;
  /** Appends to the writer. @returns how many bytes. @throws RangeError like {@link encode}. */
  encodeTo(writer: Writer, message: Init): number;
  /**
   * `bytes` fields of the result are views of the input: the caller keeps the input alone as long as
   * the message is in use, or copies what it keeps.
   * @throws DecodeError if the bytes are no such message, or nest deeper than `depthMax` messages.
   */
  decode(bytes: Uint8Array, depthMax?: number): Message;
}

/** What the generator writes for one message type. */
export interface MessageFunctions<Message, Init> {
  readonly typeName: string;
  create(init: Init): Message;
  /** First walk of an encoding: the size in bytes, with the ledger of inner sizes filled. */
  size(writer: Writer, message: Init): number;
  /** Second walk. Requires: room for what the first walk returned. */
  write(writer: Writer, message: Init): void;
  /** Reads fields up to the reader's end. */
  read(reader: Reader): Message;
}

const EMPTY_INIT = {};
const NO_BYTES = new Uint8Array(0);

/** For `encode`: only its ledger of sizes is reused, the buffer is the caller's afterwards. */
const ownWriter = new Writer();

export function messageCodec<Message, Init extends object>(
  functions: MessageFunctions<Message, Init>,
): MessageCodec<Message, Init> {
  const { typeName, create, size, write, read } = functions;

  const encodeTo = (writer: Writer, message: Init): number => {
    writer.clearSizes();
    const count = size(writer, message);
    writer.reserve(count);
    const start = writer.position;
    write(writer, message);
    assert(writer.position === start + count, "the two walks of an encoding disagree");
    return count;
  };

  const encode = (message: Init): Uint8Array => {
    ownWriter.clearSizes();
    const count = size(ownWriter, message);
    const bytes = Buffer.allocUnsafe(count);
    ownWriter.bytes = bytes;
    ownWriter.position = 0;
    write(ownWriter, message);
    assert(ownWriter.position === count, "the two walks of an encoding disagree");
    ownWriter.bytes = NO_BYTES;
    return bytes;
  };

  const decode = (bytes: Uint8Array, depthMax: number = NESTING_DEPTH_MAX): Message =>
    read(new Reader(bytes, depthMax));

  return {
    typeName,
    create: (init?: Init) => create(init ?? (EMPTY_INIT as Init)),
    encode,
    encodeTo,
    decode,
  };
}

export function isEncoded<T>(message: Encodable<T>): message is Uint8Array {
  return ArrayBuffer.isView(message);
}

/** First walk: @throws TypeError if a sender set two members of a oneof, of which one would be lost. */
export function requireOneMember(oneof: string, membersSet: readonly boolean[]): void {
  let count = 0;
  for (const isSet of membersSet) if (isSet) count += 1;
  if (count > 1) throw new TypeError(`${count} members of ${oneof} are set`);
}
