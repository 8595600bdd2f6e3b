import { assert, nextBelow, nextChance, type Prng } from "@conclave/base";

/** The unit in which a disk keeps or loses what was not synced. */
export const SECTOR_BYTES = 512;

/** Everything that changes a disk, as values, so that a run can be recorded and any prefix of it replayed. */
export type DiskOperation =
  | { readonly type: "create"; readonly path: string; readonly file: number }
  | {
      readonly type: "write";
      readonly file: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: "truncate"; readonly file: number; readonly sizeBytes: number }
  | { readonly type: "sync"; readonly file: number }
  | { readonly type: "make-directory"; readonly path: string }
  | { readonly type: "rename"; readonly from: string; readonly to: string }
  | { readonly type: "remove"; readonly path: string }
  | { readonly type: "sync-directory"; readonly path: string };

/**
 * What a power cut leaves of the work since the last sync. `torn-sectors` is `some` with sectors that are part old, part
 * new; `no-names` keeps every byte but no creation, rename or removal (F4 to F6 of the fault list).
 */
export type CrashMode = "nothing" | "everything" | "some" | "torn-sectors" | "no-names";

type NameChange = Extract<DiskOperation, { type: "create" | "rename" | "remove" }>;
type ContentChange = Extract<DiskOperation, { type: "write" | "truncate" }>;

/** The bytes of a file, growing at the end. */
class Content {
  #bytes = new Uint8Array(0);
  #size = 0;

  change(operation: ContentChange): void {
    if (operation.type === "write") {
      const end = operation.offset + operation.bytes.length;
      if (end > this.#size) this.#resize(end);
      this.#bytes.set(operation.bytes, operation.offset);
    } else {
      this.#resize(operation.sizeBytes);
    }
  }

  /** Valid until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  copy(): Content {
    const copy = new Content();
    copy.#bytes = this.#bytes.slice(0, this.#size);
    copy.#size = this.#size;
    return copy;
  }

  #resize(size: number): void {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
      larger.set(this.view());
      this.#bytes = larger;
    }
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }
}

/** One file: what is read from it, what of that is durable, and the difference. */
class ImageFile {
  readonly content: Content;
  readonly durable: Content;
  readonly unsynced: ContentChange[] = [];

  constructor(content = new Content()) {
    this.content = content;
    this.durable = content.copy();
  }

  sync(): void {
    for (const change of this.unsynced) this.durable.change(change);
    this.unsynced.length = 0;
  }
}

/**
 * The state of a disk that knows what is durable: the pure part of {@link MemoryDisk}. Files are numbered, so that an
 * open file survives its renaming and removal as it does on Unix.
 */
export class DiskImage {
  readonly #files = new Map<number, ImageFile>();
  readonly #names = new Map<string, number>();
  readonly #directories = new Set<string>(["/"]);
  /** Names as they are after a power cut, before any change still in doubt. */
  #durableNames = new Map<string, number>();
  #unsyncedNames: NameChange[] = [];
  /** Off for disks that live and die with the process: nobody asks what survives, and a removed file is gone at once. */
  readonly #tracksDurability: boolean;
  #nextFile = 1;

  constructor(options: { readonly tracksDurability: boolean }) {
    this.#tracksDurability = options.tracksDurability;
  }

  /** A number that no file here has had. */
  get nextFile(): number {
    return this.#nextFile;
  }

  fileAt(path: string): number | undefined {
    return this.#names.get(path);
  }

  hasDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  /** Names directly in a directory. */
  list(directory: string): string[] {
    const prefix = directory === "/" ? "/" : `${directory}/`;
    const names = [...this.#names.keys(), ...this.#directories]
      .filter((path) => path.startsWith(prefix) && path.length > prefix.length)
      .map((path) => path.slice(prefix.length));
    return names.filter((name) => !name.includes("/"));
  }

  /** A view of the content as it reads now; valid until the next change. */
  contentOf(file: number): Uint8Array {
    return this.#file(file).content.view();
  }

  apply(operation: DiskOperation): void {
    switch (operation.type) {
      case "write":
      case "truncate":
        this.#changeContent(operation);
        break;
      case "create":
      case "rename":
      case "remove":
        this.#changeName(operation);
        break;
      case "sync":
        this.#syncFile(operation.file);
        break;
      case "make-directory":
        // Directories are made once, before anything is promised: losing them is not modelled.
        this.#directories.add(operation.path);
        break;
      case "sync-directory":
        this.#syncNames(operation.path);
        break;
    }
  }

  /**
   * A sync of this file failed, as it does on Linux: what was to be synced is marked clean. It is read as long as the
   * power is there, the next sync succeeds, and it is not on the disk (F7 of the fault list).
   */
  dropUnsynced(file: number): void {
    this.#file(file).unsynced.length = 0;
  }

  /** The disk as it is found after a power cut. This image stays as it is. */
  afterCrash(mode: CrashMode, prng: Prng): DiskImage {
    assert(this.#tracksDurability, "this disk does not know what is durable");
    const survivor = new DiskImage({ tracksDurability: true });
    for (const path of this.#directories) survivor.#directories.add(path);
    const names = new Map(this.#durableNames);
    for (const change of this.#unsyncedNames) {
      if (keepsNameChange(mode, prng)) changeNames(names, change);
    }
    for (const [path, file] of names) {
      const found = new ImageFile(contentAfterCrash(this.#file(file), mode, prng));
      survivor.#files.set(file, found);
      survivor.#names.set(path, file);
    }
    survivor.#nextFile = this.#nextFile;
    survivor.#durableNames = new Map(survivor.#names);
    return survivor;
  }

  #changeContent(operation: ContentChange): void {
    const file = this.#file(operation.file);
    file.content.change(operation);
    if (this.#tracksDurability) file.unsynced.push(operation);
  }

  #changeName(change: NameChange): void {
    if (change.type === "create") {
      this.#files.set(change.file, new ImageFile());
      this.#nextFile = Math.max(this.#nextFile, change.file + 1);
    }
    if (this.#tracksDurability) this.#unsyncedNames.push(change);
    else if (change.type === "remove") this.#files.delete(this.#names.get(change.path) ?? 0);
    changeNames(this.#names, change);
  }

  #syncFile(number: number): void {
    this.#file(number).sync();
  }

  #syncNames(directory: string): void {
    const inDirectory = (change: NameChange): boolean =>
      parentOf(change.type === "rename" ? change.to : change.path) === directory;
    for (const change of this.#unsyncedNames) {
      if (inDirectory(change)) changeNames(this.#durableNames, change);
    }
    this.#unsyncedNames = this.#unsyncedNames.filter((change) => !inDirectory(change));
  }

  #file(number: number): ImageFile {
    const file = this.#files.get(number);
    assert(file !== undefined, `file ${number} was never created`);
    return file;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** A rename whose source is gone (its creation was lost) does nothing. */
function changeNames(names: Map<string, number>, change: NameChange): void {
  if (change.type === "create") names.set(change.path, change.file);
  if (change.type === "remove") names.delete(change.path);
  if (change.type !== "rename") return;
  const file = names.get(change.from);
  if (file === undefined) return;
  names.delete(change.from);
  names.set(change.to, file);
}

function keepsNameChange(mode: CrashMode, prng: Prng): boolean {
  if (mode === "nothing" || mode === "no-names") return false;
  return mode === "everything" || nextChance(prng, 0.5);
}

function contentAfterCrash(file: ImageFile, mode: CrashMode, prng: Prng): Content {
  const survivor = file.durable.copy();
  if (mode === "nothing") return survivor;
  const keepsAll = mode === "everything" || mode === "no-names";
  for (const change of file.unsynced) {
    if (keepsAll) survivor.change(change);
    else if (change.type === "write") writeSomeSectors(survivor, change, mode, prng);
    else if (nextChance(prng, 0.5)) survivor.change(change);
  }
  return survivor;
}

function writeSomeSectors(
  survivor: Content,
  change: Extract<ContentChange, { type: "write" }>,
  mode: CrashMode,
  prng: Prng,
): void {
  const { file, offset } = change;
  const end = offset + change.bytes.length;
  // The size is metadata of its own: it may have grown though no data arrived.
  if (end > survivor.view().length && nextChance(prng, 0.5)) {
    survivor.change({ type: "truncate", file, sizeBytes: end });
  }
  for (let at = offset; at < end; ) {
    const sectorEnd = Math.min(end, at - (at % SECTOR_BYTES) + SECTOR_BYTES);
    if (nextChance(prng, 0.5)) {
      const isTorn = mode === "torn-sectors" && nextChance(prng, 0.3);
      const keptEnd = isTorn ? at + nextBelow(prng, sectorEnd - at) : sectorEnd;
      const bytes = change.bytes.subarray(at - offset, keptEnd - offset);
      if (bytes.length > 0) survivor.change({ type: "write", file, offset: at, bytes });
    }
    at = sectorEnd;
  }
}
