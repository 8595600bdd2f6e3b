import * as fs from "node:fs";
import { promisify } from "node:util";
import type { Disk, DiskFile } from "./disk.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * With O_DSYNC a write returns when it is durable: one system call, one trip through the thread pool, instead of two. Only
 * where it is known to reach the medium: elsewhere (macOS) libuv's fdatasync does more than the flag does.
 */
const DURABLE_WRITE_FLAG = process.platform === "linux" ? fs.constants.O_DSYNC : undefined;

const closeFile = promisify(fs.close);
const openFile = promisify(fs.open);
const syncData = promisify(fs.fdatasync);
const syncFile = promisify(fs.fsync);
const truncateFile = promisify(fs.ftruncate);

/** The real file system, over raw descriptors. */
export const nodeDisk: Disk = {
  list: (directory) => fs.promises.readdir(directory),
  async open(path, { create }) {
    const { O_RDWR, O_CREAT, O_EXCL } = fs.constants;
    const flags = create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR;
    const descriptor = await openFile(path, flags, FILE_MODE);
    if (DURABLE_WRITE_FLAG === undefined) return new NodeDiskFile(path, descriptor, null);
    try {
      return new NodeDiskFile(path, descriptor, await openFile(path, O_RDWR | DURABLE_WRITE_FLAG));
    } catch (error) {
      await closeFile(descriptor);
      throw error;
    }
  },
  makeDirectory: (path) => fs.promises.mkdir(path, { mode: DIRECTORY_MODE }),
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.unlink(path),
  async syncDirectory(path) {
    const descriptor = await openFile(path, fs.constants.O_RDONLY);
    try {
      await syncFile(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  },
};

/** What is left on the file system that holds a path. */
export async function diskSpaceOf(
  path: string,
): Promise<{ readonly availableBytes: number; readonly totalBytes: number }> {
  const { bavail, blocks, bsize } = await fs.promises.statfs(path);
  return { availableBytes: bavail * bsize, totalBytes: blocks * bsize };
}

class NodeDiskFile implements DiskFile {
  /** As it was opened; a rename does not change it. */
  readonly path: string;
  readonly #descriptor: number;
  /** A second descriptor of the same file, for durable writes. Null where there is no such thing. */
  readonly #durableDescriptor: number | null;

  constructor(path: string, descriptor: number, durableDescriptor: number | null) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#durableDescriptor = durableDescriptor;
  }

  async size(): Promise<number> {
    return (await promisify(fs.fstat)(this.#descriptor)).size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const available = Math.max(0, Math.min(length, (await this.size()) - offset));
    const bytes = Buffer.allocUnsafeSlow(available);
    let done = 0;
    while (done < available) {
      const count = await readAt(this.#descriptor, bytes, done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  async write(offset: number, chunks: readonly Uint8Array[]): Promise<void> {
    let position = offset;
    for (const chunk of chunks) {
      await writeFully(this.#descriptor, chunk, position);
      position += chunk.length;
    }
  }

  sync(): Promise<void> {
    return syncData(this.#descriptor);
  }

  async writeDurably(offset: number, bytes: Uint8Array): Promise<void> {
    await writeFully(this.#durableDescriptor ?? this.#descriptor, bytes, offset);
    if (this.#durableDescriptor === null) await syncData(this.#descriptor);
  }

  writeDurablyNow(offset: number, bytes: Uint8Array): void {
    const descriptor = this.#durableDescriptor ?? this.#descriptor;
    for (let done = 0; done < bytes.length; ) {
      const count = fs.writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
      if (count === 0) throw new Error(`the disk took no bytes of ${this.path}`);
      done += count;
    }
    if (this.#durableDescriptor === null) fs.fdatasyncSync(descriptor);
  }

  truncate(sizeBytes: number): Promise<void> {
    return truncateFile(this.#descriptor, sizeBytes);
  }

  async close(): Promise<void> {
    if (this.#durableDescriptor !== null) await closeFile(this.#durableDescriptor);
    await closeFile(this.#descriptor);
  }
}

function readAt(descriptor: number, bytes: Uint8Array, at: number, offset: number) {
  return new Promise<number>((resolve, reject) => {
    fs.read(descriptor, bytes, at, bytes.length - at, offset, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

/** A write may take less than it was given (signals, a disk about to be full): it goes on until all is taken. */
async function writeFully(descriptor: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += await writeAt(descriptor, bytes, done, offset + done);
  }
}

function writeAt(descriptor: number, bytes: Uint8Array, at: number, offset: number) {
  return new Promise<number>((resolve, reject) => {
    fs.write(descriptor, bytes, at, bytes.length - at, offset, (error, count) => {
      if (error) reject(error);
      else if (count === 0) reject(new Error("the disk took no bytes"));
      else resolve(count);
    });
  });
}
