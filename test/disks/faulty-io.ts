import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("faulty-io.c", import.meta.url));

/** The compiled library that {@link FaultyIo} needs, or null where there is no C compiler. */
export function compileFaultyIo(): string | null {
  const library = join(mkdtempSync(join(tmpdir(), "faulty-io-")), "faulty-io.so");
  const args = ["-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"];
  return spawnSync("gcc", args, { timeout: 60_000 }).status === 0 ? library : null;
}

/** A switch for the log's disk of one process. */
export class FaultyIo {
  readonly env: Readonly<Record<string, string>>;
  readonly #control: string;

  constructor(library: string, control: string) {
    this.#control = control;
    this.env = { LD_PRELOAD: library, FAULTY_IO_CONTROL: control };
  }

  /** Every write and sync of the log fails from now on. */
  fail(): void {
    writeFileSync(this.#control, "eio");
  }

  /** Every write and sync of the log takes so much longer from now on. */
  delay(ms: number): void {
    writeFileSync(this.#control, `delay ${ms}`);
  }

  heal(): void {
    rmSync(this.#control, { force: true });
  }
}
