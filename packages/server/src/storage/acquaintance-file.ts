import type { MemberId } from "@conclave/raft";
import { bootFields, bootOf, type KnownBoot } from "./boot-record.ts";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import { readSmallFile, writeSmallFile } from "./small-file.ts";

const NAME = "acquaintances";

/** The newest start of each other member that this one heard of. */
export type KnownBoots = ReadonlyMap<MemberId, KnownBoot>;

/** Where {@link KnownBoots} outlive the process. */
export interface AcquaintanceFile {
  read(): Promise<KnownBoots>;
  write(known: KnownBoots): Promise<void>;
}

export function acquaintanceFile(disk: Disk, memberPath: string): AcquaintanceFile {
  return {
    read: async () => {
      // One that is damaged is written anew: the others remember, too.
      const text = await readSmallFile(disk, memberPath, NAME).catch((error: unknown) => {
        if (error instanceof DataDirectoryError) return null;
        throw error;
      });
      const known = new Map<MemberId, KnownBoot>();
      const fields: unknown = text === null ? {} : JSON.parse(text);
      for (const [id, value] of Object.entries(fields ?? {})) {
        const record = bootOf(value);
        if (record !== null) known.set(BigInt(`0x${id}`), record);
      }
      return known;
    },
    write: (known) => {
      const fields = [...known].map(([id, record]) => [id.toString(16), bootFields(record)]);
      return writeSmallFile(
        disk,
        memberPath,
        NAME,
        `${JSON.stringify(Object.fromEntries(fields))}\n`,
      );
    },
  };
}
