import type { Mutant } from "./mutant.ts";

const STORAGE = "packages/server/src/storage";
const REPLAY = `${STORAGE}/wal-replay.ts`;
const SEGMENTS = `${STORAGE}/wal-segments.ts`;
const OPEN_LOG = `${STORAGE}/open-log.ts`;
const MEMBER_STORAGE = `${STORAGE}/member-storage.ts`;

/** The log on disk, recovery from it, and snapshots that take the place of the state. */
export const DURABILITY_MUTANTS: readonly Mutant[] = [
  {
    id: "log-not-synced",
    bug: "R8, Raft 5.6",
    title: "The log reports groups durable that were written and not synced",
    simulator: "cluster",
    edits: [
      {
        file: `${STORAGE}/durable-writer.ts`,
        find: "file.writeDurably(offset, bytes).then(",
        replace: "file.write(offset, [bytes]).then(",
      },
    ],
  },
  {
    id: "segment-name-not-synced",
    bug: "ALICE",
    title: "A new segment is used before its name in the directory is durable",
    simulator: "cluster",
    edits: [
      {
        file: SEGMENTS,
        find: "await this.#disk.rename(this.#path(PREPARED_NAME), this.#path(name));\n    await this.#disk.syncDirectory(this.#directory);",
        replace: "await this.#disk.rename(this.#path(PREPARED_NAME), this.#path(name));",
      },
    ],
  },
  {
    id: "torn-tail-refused",
    bug: "E26",
    title: "A torn write at the end of the log is taken for damage",
    simulator: "cluster",
    edits: [
      {
        file: REPLAY,
        find: "if (dirtyEnd > offset) this.#judgeDamage(offset, isLast);",
        replace:
          'if (dirtyEnd > offset) throw this.#corruption(offset, "bytes behind the last group");',
      },
    ],
  },
  {
    id: "torn-tail-kept",
    bug: "E27",
    title: "A group is believed whose body does not fit its checksum",
    simulator: "cluster",
    edits: [
      {
        file: `${STORAGE}/wal-header.ts`,
        find: "return crc32(body, header.headerCrc) === header.bodyCrc ? body : null;",
        replace: "return body;",
      },
    ],
  },
  {
    id: "checksum-chain-from-zero",
    bug: "E25",
    title: "The chain of checksums begins anew at the oldest segment that is left",
    simulator: "cluster",
    edits: [
      {
        file: REPLAY,
        find: "let previousCrc = this.header.previousCrc;",
        replace: "let previousCrc = 0;",
      },
    ],
  },
  {
    id: "cut-before-state-durable",
    bug: "R16",
    title: "The log is cut at what is applied, not at what the state has on disk",
    simulator: "cluster",
    edits: [
      {
        file: "packages/server/src/node/log-keeper.ts",
        find: "const durableIndex = await this.#store.sync();",
        replace: "const durableIndex = this.#raft.appliedIndex;",
      },
    ],
  },
  {
    id: "install-not-finished",
    bug: "H2",
    title: "A crash between a snapshot's install and the log's reset is not made good at boot",
    simulator: "cluster",
    edits: [
      {
        file: OPEN_LOG,
        find: "fresh === null ? opened.recovered : await finishInstall(opened.wal, opened.recovered, fresh);",
        replace: "opened.recovered;",
      },
    ],
  },
  {
    id: "reset-keeps-old-entries",
    bug: "H5",
    title: "The log goes on behind an installed snapshot with the entries it had before",
    simulator: "cluster",
    edits: [
      {
        file: REPLAY,
        find: "this.floor = record.mark;\n        this.entries = [];\n        this.beginAfter(record.mark.index, record.mark.term);",
        replace: "this.floor = record.mark;",
      },
    ],
  },
  {
    id: "installs-overlap",
    bug: "E22, E4",
    title: "A snapshot is received into a store while another is being put in place",
    simulator: "cluster",
    edits: [
      {
        file: MEMBER_STORAGE,
        find: "if (this.#install?.isCommitting === true) await this.#install.ended;",
        replace: "",
      },
    ],
  },
  {
    id: "index-ahead-of-effects",
    bug: "E1",
    title: "The applied index becomes durable in the batch before its entry's effects",
    simulator: "cluster",
    edits: [
      {
        file: "packages/state-machine/src/state-machine.ts",
        find: "const reader = this.#reader;\n    reader.reset(entry.data);",
        replace: `const reader = this.#reader;
    this.#store.put(META.applied, encodeCounts(entry.index, entry.term, this.revision));
    (this.#store as unknown as { seal(index: number): void }).seal(entry.index);
    reader.reset(entry.data);`,
      },
    ],
  },
  {
    id: "index-behind-effects",
    bug: "E3",
    title: "Effects become durable without the index of their entry, and are applied again",
    simulator: "cluster",
    edits: [
      {
        file: "packages/server/src/node/raft-driver.ts",
        find: "store.seal(machine.appliedIndex);",
        replace: "store.seal(Math.max(store.appliedIndex, machine.appliedIndex - 1));",
      },
    ],
  },
  {
    id: "segment-header-not-synced",
    bug: "ALICE",
    title: "A segment gets its name before its first group is durable",
    simulator: "cluster",
    edits: [
      {
        file: SEGMENTS,
        find: "await file.writeDurably(0, bytes);",
        replace: "await file.write(0, [bytes]);",
      },
    ],
  },
];
