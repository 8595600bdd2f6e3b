import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const MOUNT_OPTIONS = "loop,errors=remount-ro";

function run(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 60_000 }).status === 0;
}

/** A real, small ext4 in a file, mounted by way of a loop device. */
export class SmallFileSystem implements Disposable {
  readonly path: string;
  readonly #image: string;
  readonly #directory: string;

  private constructor(path: string, image: string, directory: string) {
    this.path = path;
    this.#image = image;
    this.#directory = directory;
  }

  /** Null where this process may not mount, or has no mkfs.ext4. */
  static mount(sizeMiB: number): SmallFileSystem | null {
    const directory = mkdtempSync(join(tmpdir(), "small-disk-"));
    const image = join(directory, "image");
    const path = join(directory, "mounted");
    mkdirSync(path);
    writeFileSync(image, "");
    truncateSync(image, sizeMiB * 1024 * 1024);
    const isMade = run("mkfs.ext4", "-q", "-F", "-m", "0", image);
    if (isMade && run("mount", "-o", MOUNT_OPTIONS, image, path)) {
      return new SmallFileSystem(path, image, directory);
    }
    rmSync(directory, { recursive: true, force: true });
    return null;
  }

  /** Leaves so much. */
  fill(leaveMiB: number): void {
    run(
      "sh",
      "-c",
      `fallocate -l $(( $(stat -f -c '%a*%S' ${this.path}) - ${leaveMiB * 1024 * 1024} )) ${this.path}/filler`,
    );
  }

  makeRoom(): void {
    rmSync(join(this.path, "filler"), { force: true });
  }

  /** What the kernel does when it finds the file system damaged. Open files can be read only from then on. */
  turnReadOnly(): boolean {
    const { stdout } = spawnSync("findmnt", ["-n", "-o", "SOURCE", this.path], {
      encoding: "utf8",
    });
    const trigger = `/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`;
    return run("sh", "-c", `echo test > ${trigger}`);
  }

  /**
   * Checks a copy and mounts that instead: whoever made a mount namespace meanwhile, as other tests do, still has the file
   * system as it was, and keeps it from being mounted anew. Requires: no process has a file open on it.
   */
  mend(): boolean {
    run("umount", "-l", this.path);
    const mended = `${this.#image}.mended`;
    copyFileSync(this.#image, mended);
    run("e2fsck", "-f", "-y", mended);
    return run("mount", "-o", MOUNT_OPTIONS, mended, this.path);
  }

  [Symbol.dispose](): void {
    run("umount", "-l", this.path);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
