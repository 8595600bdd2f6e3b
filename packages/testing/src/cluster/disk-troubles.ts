import {
  type DiskImage,
  type DiskOperation,
  MemoryDisk,
  systemError,
} from "@conclave/server/simulation";

/** What is wrong with the disk of one member at the moment, set from outside. */
export class DiskTroubles {
  /** Each sync takes so much longer. Milliseconds. */
  slowMs = 0;
  /** No sync ends. */
  isHanging = false;
  /** Nothing that needs space succeeds. */
  isFull = false;
  /** Of the next so many: the sync fails, what it was to keep is dropped, and the one after it succeeds (fsyncgate, F7). */
  syncsToFail = 0;
  /** Of the next so many: part is written, then EIO. */
  writesToFail = 0;
  /** What its member was told, since the disk was last mounted. */
  readonly #told = new Set<unknown>();

  /** All is well again. */
  end(): void {
    this.slowMs = 0;
    this.isHanging = false;
    this.isFull = false;
    this.syncsToFail = 0;
    this.writesToFail = 0;
  }

  fail(code: string, subject: string): Error {
    const error = systemError(code, subject);
    this.#told.add(error);
    return error;
  }

  /** The disk is mounted anew. */
  forget(): void {
    this.#told.clear();
  }

  /** Whether an error was made here, or is about one that was. */
  isCauseOf(error: unknown): boolean {
    if (this.#told.has(error)) return true;
    return error instanceof Error && error.cause !== undefined && this.isCauseOf(error.cause);
  }

  /** The medium, with these troubles. */
  over(image: DiskImage): MemoryDisk {
    return new MemoryDisk({ image, beforeOperation: (wanted) => this.#before(image, wanted) });
  }

  #before(image: DiskImage, wanted: DiskOperation): DiskOperation | undefined {
    switch (wanted.type) {
      case "sync":
        if (this.syncsToFail === 0) return undefined;
        this.syncsToFail -= 1;
        image.dropUnsynced(wanted.file);
        throw this.fail("EIO", "fdatasync");
      case "write":
        // What was filled ahead needs no space.
        if (
          this.isFull &&
          wanted.offset + wanted.bytes.length > image.contentOf(wanted.file).length
        ) {
          throw this.fail("ENOSPC", "write");
        }
        if (this.writesToFail === 0) return undefined;
        this.writesToFail -= 1;
        image.apply({ ...wanted, bytes: wanted.bytes.subarray(0, wanted.bytes.length >> 1) });
        throw this.fail("EIO", "write");
      case "create":
        if (this.isFull) throw this.fail("ENOSPC", wanted.path);
        return undefined;
      default:
        return undefined;
    }
  }
}
