import type { SnapshotMark } from "@conclave/raft";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import type { DatabaseHost } from "./level-database.ts";
import { readSmallFile, writeSmallFile } from "./small-file.ts";

/** What a damaged database is renamed to. */
const DAMAGED_SUFFIX = ".damaged";
const POINTER_NAME = "current";
const GENERATION_NAME = /^state-([1-9][0-9]*)$/;

/** Which of the databases under `state/` is the state, and the snapshot it began as. */
export interface StatePointer {
  readonly generation: number;
  /** The snapshot that was installed as this generation; null for the first, which began empty. */
  readonly installed: SnapshotMark | null;
}

/**
 * The state's databases: one in use, perhaps one that a snapshot is being received into. A small file names the one
 * in use; replacing that file is the one moment at which an install happens (E4, H2: old or new, never a mix).
 */
export class StateGenerations {
  readonly #disk: Disk;
  readonly #databases: DatabaseHost;
  readonly #directory: string;

  constructor(disk: Disk, databases: DatabaseHost, directory: string) {
    this.#disk = disk;
    this.#databases = databases;
    this.#directory = directory;
  }

  pathOf(generation: number): string {
    return `${this.#directory}/state-${generation}`;
  }

  /** @returns null if no state was made yet. */
  async read(): Promise<StatePointer | null> {
    const text = await readSmallFile(this.#disk, this.#directory, POINTER_NAME);
    if (text === null) return null;
    const pointer = decodePointer(text);
    if (pointer !== null) return pointer;
    throw new DataDirectoryError("DAMAGED", `${this.#directory}/${POINTER_NAME} cannot be read`);
  }

  write(pointer: StatePointer): Promise<void> {
    return writeSmallFile(this.#disk, this.#directory, POINTER_NAME, encodePointer(pointer));
  }

  /** The highest number that a database here has, 0 if there is none. */
  async newest(): Promise<number> {
    const names = await this.#disk.list(this.#directory);
    return Math.max(0, ...names.map((name) => Number(GENERATION_NAME.exec(name)?.[1] ?? 0)));
  }

  /**
   * Points to a new, empty database in place of a damaged one, which is kept aside: one of them, the latest.
   * @returns the number of the new one
   */
  async replaceDamaged(damaged: number): Promise<number> {
    const generation = Math.max(damaged, await this.newest()) + 1;
    await this.write({ generation, installed: null });
    const names = await this.#disk.list(this.#directory);
    for (const name of names.filter((each) => each.endsWith(DAMAGED_SUFFIX))) {
      await this.#databases.remove(`${this.#directory}/${name}`);
    }
    const path = this.pathOf(damaged);
    if (names.includes(`state-${damaged}`))
      await this.#databases.rename(path, path + DAMAGED_SUFFIX);
    return generation;
  }

  /** Removes every database but one: what a crash or an abandoned install left behind. */
  async removeOthers(kept: number): Promise<void> {
    for (const name of await this.#disk.list(this.#directory)) {
      const generation = Number(GENERATION_NAME.exec(name)?.[1] ?? kept);
      if (generation !== kept) await this.#databases.remove(`${this.#directory}/${name}`);
    }
  }
}

function encodePointer({ generation, installed }: StatePointer): string {
  if (installed === null) return `${JSON.stringify({ generation, installed })}\n`;
  const { index, term, membership } = installed;
  const hex = (ids: readonly bigint[]) => ids.map((id) => id.toString(16));
  const mark = { index, term, voters: hex(membership.voters), learners: hex(membership.learners) };
  return `${JSON.stringify({ generation, installed: mark })}\n`;
}

function decodePointer(text: string): StatePointer | null {
  try {
    const { generation, installed } = JSON.parse(text) as {
      generation: number;
      installed: { index: number; term: number; voters: string[]; learners: string[] } | null;
    };
    if (!Number.isSafeInteger(generation) || generation < 1) return null;
    if (installed === null) return { generation, installed };
    const { index, term } = installed;
    if (!Number.isSafeInteger(index) || !Number.isSafeInteger(term)) return null;
    const ids = (texts: readonly string[]) => texts.map((id) => BigInt(`0x${id}`));
    const membership = { voters: ids(installed.voters), learners: ids(installed.learners) };
    return { generation, installed: { index, term, membership } };
  } catch {
    return null;
  }
}
