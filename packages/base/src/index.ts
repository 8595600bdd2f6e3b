export { assert, enableVerification, InvariantViolation, unreachable, verify } from "./assert.ts";
export { type ByteString, byteStringOf, bytesOf, utf8ByteString } from "./byte-string.ts";
export type { Clock, Timer } from "./clock.ts";
export { crc32c } from "./crc32c.ts";
export { type Deferred, deferred } from "./deferred.ts";
export { Heap } from "./heap.ts";
export { nextBelow, nextChance, nextUint64, type Prng, seededPrng } from "./prng.ts";
export { systemClock } from "./system-clock.ts";
export { VirtualClock } from "./virtual-clock.ts";
