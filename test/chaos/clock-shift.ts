import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LIBRARIES = "/usr/lib";
const PRELOAD = "faketime/libfaketimeMT.so.1";

/** Debian's libfaketime, null where it is not installed. */
export function findFaketime(): string | null {
  if (!existsSync(LIBRARIES)) return null;
  const paths = readdirSync(LIBRARIES).map((entry) => join(LIBRARIES, entry, PRELOAD));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** The wall clock of one process, which can be set while it runs. Its monotonic clock goes on as it should. */
export class ClockShift {
  readonly #file: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(preload: string, file: string) {
    this.#file = file;
    this.env = {
      LD_PRELOAD: preload,
      FAKETIME_TIMESTAMP_FILE: file,
      // Looks at the file once a second.
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
    this.set(0);
  }

  /** How far it is ahead from now on; below 0, behind. */
  set(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  }
}
