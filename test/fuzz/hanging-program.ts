/** Hangs on an input, under a guard that is not patient. */
import { HangGuard } from "./hang-guard.ts";

const guard = new HangGuard(500);
guard.enter("a door", Uint8Array.of(0xca, 0xfe));
for (;;);
