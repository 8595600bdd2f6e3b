import type { Disk, DiskFile } from "./disk.ts";
import { DiskImage, type DiskOperation } from "./disk-image.ts";

export interface MemoryDiskOptions {
  /** The disk to start from. Default: an empty one. */
  readonly image?: DiskImage;
  /** Whether the image remembers what is durable, at the cost of copies. Default false. */
  readonly tracksDurability?: boolean;
  /**
   * Called before each change and each sync. May throw: then nothing happens on the disk and the caller sees the error,
   * as with a full or broken medium. May answer a shorter `write`: then that is written, and the caller sees EIO.
   */
  readonly beforeOperation?: (operation: DiskOperation) => DiskOperation | undefined;
  /** Called after each change and each sync: the record of a run. */
  readonly afterOperation?: (operation: DiskOperation) => void;
  /** Bytes that a read answers; lets a test rot the medium. Default: as they are. */
  readonly onRead?: (path: string, offset: number, bytes: Uint8Array) => Uint8Array;
}

/** A disk in memory: for members without a directory, for tests, and, with its hooks, for every fault a disk can have. */
export class MemoryDisk implements Disk {
  readonly image: DiskImage;
  readonly #options: MemoryDiskOptions;

  constructor(options: MemoryDiskOptions = {}) {
    this.#options = options;
    this.image =
      options.image ?? new DiskImage({ tracksDurability: options.tracksDurability ?? false });
  }

  async list(directory: string): Promise<readonly string[]> {
    if (!this.image.hasDirectory(directory)) throw systemError("ENOENT", directory);
    return this.image.list(directory);
  }

  async open(path: string, options: { readonly create: boolean }): Promise<DiskFile> {
    const existing = this.image.fileAt(path);
    if (!options.create) {
      if (existing === undefined) throw systemError("ENOENT", path);
      return new MemoryDiskFile(this, path, existing);
    }
    if (existing !== undefined) throw systemError("EEXIST", path);
    const file = this.image.nextFile;
    this.perform({ type: "create", path, file });
    return new MemoryDiskFile(this, path, file);
  }

  async makeDirectory(path: string): Promise<void> {
    if (this.image.hasDirectory(path)) throw systemError("EEXIST", path);
    this.perform({ type: "make-directory", path });
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.image.fileAt(from) === undefined) throw systemError("ENOENT", from);
    this.perform({ type: "rename", from, to });
  }

  async remove(path: string): Promise<void> {
    if (this.image.fileAt(path) === undefined) throw systemError("ENOENT", path);
    this.perform({ type: "remove", path });
  }

  async syncDirectory(path: string): Promise<void> {
    this.perform({ type: "sync-directory", path });
  }

  /** Runs an operation through the hooks. For the files of this disk. */
  perform(wanted: DiskOperation): void {
    const operation = this.#options.beforeOperation?.(wanted) ?? wanted;
    this.image.apply(operation);
    this.#options.afterOperation?.(operation);
    if (operation !== wanted) throw systemError("EIO", wanted.type);
  }

  read(path: string, file: number, offset: number, length: number): Uint8Array {
    const bytes = this.image.contentOf(file).slice(offset, offset + length);
    return this.#options.onRead?.(path, offset, bytes) ?? bytes;
  }
}

class MemoryDiskFile implements DiskFile {
  readonly path: string;
  readonly #disk: MemoryDisk;
  readonly #file: number;

  constructor(disk: MemoryDisk, path: string, file: number) {
    this.#disk = disk;
    this.path = path;
    this.#file = file;
  }

  async size(): Promise<number> {
    return this.#disk.image.contentOf(this.#file).length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return this.#disk.read(this.path, this.#file, offset, length);
  }

  async write(offset: number, chunks: readonly Uint8Array[]): Promise<void> {
    let position = offset;
    for (const chunk of chunks) {
      // Not `slice`: on a Buffer it copies nothing, and the caller reuses its buffer.
      const bytes = new Uint8Array(chunk);
      this.#disk.perform({ type: "write", file: this.#file, offset: position, bytes });
      position += bytes.length;
    }
  }

  async sync(): Promise<void> {
    this.#disk.perform({ type: "sync", file: this.#file });
  }

  async writeDurably(offset: number, bytes: Uint8Array): Promise<void> {
    await this.write(offset, [bytes]);
    await this.sync();
  }

  async truncate(sizeBytes: number): Promise<void> {
    this.#disk.perform({ type: "truncate", file: this.#file, sizeBytes });
  }

  async close(): Promise<void> {}
}

/** An error with the code a file system would give. */
export function systemError(code: string, subject: string): Error {
  return Object.assign(new Error(`${code}: ${subject}`), { code });
}
