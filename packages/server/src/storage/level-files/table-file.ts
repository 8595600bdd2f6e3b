import { type FileHandle, open } from "node:fs/promises";
import { type BlockHandle, blocksNamedIn, endOf, FOOTER_BYTES, readFooter } from "./table.ts";

/** Read at once, unless one block is larger. Bytes. */
const WINDOW_BYTES = 256 * 1024;

/** A table is not there, or not of the form that is read here: LevelDB has to be asked. */
export class TableUnreadable extends Error {
  override readonly name = "TableUnreadable";
}

/** Some blocks of a table, one after another. */
export interface TableWindow {
  readonly bytes: Buffer;
  /** Where each begins in the table; the first is the first byte of the window. */
  readonly blocks: readonly BlockHandle[];
}

/** A table of a database that LevelDB has open: it reads it a window at a time, the next one while the last is worked on. */
export class TableFile {
  readonly #file: FileHandle;
  readonly #blocks: readonly BlockHandle[];
  #nextBlock = 0;
  /** Filled in turn. */
  #buffers: Buffer[] = [];
  #ahead: Promise<TableWindow> | null = null;

  private constructor(file: FileHandle, blocks: readonly BlockHandle[]) {
    this.#file = file;
    this.#blocks = blocks;
    this.#readAhead();
  }

  /** @throws TableUnreadable */
  static async open(path: string, sizeBytes: number): Promise<TableFile> {
    const file = await open(path, "r").catch((cause: unknown) => {
      throw new TableUnreadable(path, { cause });
    });
    try {
      return new TableFile(file, await dataBlocks(file, sizeBytes));
    } catch (cause) {
      await file.close();
      throw cause instanceof TableUnreadable ? cause : new TableUnreadable(path, { cause });
    }
  }

  /** The next blocks, or null at the end. Their bytes are overwritten after the next call. @throws TableUnreadable */
  async next(): Promise<TableWindow | null> {
    const window = await this.#ahead;
    this.#readAhead();
    return window;
  }

  async close(): Promise<void> {
    await this.#ahead?.catch(() => {});
    await this.#file.close();
  }

  #readAhead(): void {
    const first = this.#blocks[this.#nextBlock];
    if (first === undefined) {
      this.#ahead = null;
      return;
    }
    const blocks: BlockHandle[] = [];
    for (let block: BlockHandle | undefined = first; block !== undefined; ) {
      if (blocks.length > 0 && endOf(block) - first.offset > WINDOW_BYTES) break;
      blocks.push(block);
      this.#nextBlock += 1;
      block = this.#blocks[this.#nextBlock];
    }
    this.#ahead = this.#read(blocks, first.offset, endOf(blocks.at(-1) ?? first));
    this.#ahead.catch(() => {}); // heard where it is awaited, if it still is
  }

  async #read(blocks: readonly BlockHandle[], from: number, to: number): Promise<TableWindow> {
    const buffer = this.#takeBuffer(to - from);
    const bytes = await readExactly(this.#file, buffer, from, to - from);
    return { bytes, blocks };
  }

  #takeBuffer(sizeBytes: number): Buffer {
    if (sizeBytes > WINDOW_BYTES) return Buffer.allocUnsafeSlow(sizeBytes);
    const free = this.#buffers.length === 2 ? this.#buffers.shift() : undefined;
    const buffer = free ?? Buffer.allocUnsafeSlow(WINDOW_BYTES);
    this.#buffers.push(buffer);
    return buffer;
  }
}

async function dataBlocks(file: FileHandle, sizeBytes: number): Promise<readonly BlockHandle[]> {
  const footerAt = sizeBytes - FOOTER_BYTES;
  const footer = await readExactly(file, Buffer.alloc(FOOTER_BYTES), footerAt, FOOTER_BYTES);
  const index = readFooter(footer, 0)?.index;
  if (index === undefined) throw new TableUnreadable("its footer is none");
  const { offset, size } = index;
  if (offset + size > footerAt) throw new TableUnreadable("its index is beyond its end");
  const bytes = await readExactly(file, Buffer.allocUnsafeSlow(size), offset, size);
  const blocks = blocksNamedIn(bytes, { offset: 0, size });
  let at = 0;
  for (const block of blocks) {
    if (block.offset !== at) throw new TableUnreadable("its blocks are not in order");
    at = endOf(block);
  }
  return blocks;
}

async function readExactly(
  file: FileHandle,
  target: Buffer,
  from: number,
  length: number,
): Promise<Buffer> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file
      .read(target, done, length - done, from + done)
      .catch((cause: unknown) => {
        throw new TableUnreadable("it cannot be read", { cause });
      });
    if (bytesRead === 0) throw new TableUnreadable("it is cut short");
    done += bytesRead;
  }
  return target.subarray(0, length);
}
