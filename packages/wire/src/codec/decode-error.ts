/**
 * The bytes are not a message of the expected type. Says nothing about what was already read: a
 * half-decoded message is never returned.
 */
export class DecodeError extends Error {
  override readonly name: string = "DecodeError";
  /** Where reading stopped, in bytes from the start of the input. */
  readonly position: number;

  constructor(reason: string, position: number) {
    super(`${reason}, at byte ${position}`);
    this.position = position;
  }
}

/**
 * A count (revision, term, size, watch id) outside the safe integers of JavaScript, which the protocol
 * allows and we do not. Told apart because the message itself is well formed. The bounds in requests
 * (`Reader.int64Bound`) never cause it.
 */
export class UnsafeIntegerError extends DecodeError {
  override readonly name: string = "UnsafeIntegerError";
}
