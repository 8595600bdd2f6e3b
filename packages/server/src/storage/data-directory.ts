import { dirname, resolve } from "node:path";
import { DataDirectoryError } from "./data-directory-error.ts";
import type { Disk } from "./disk.ts";
import {
  checkIdentity,
  IDENTITY_NAME,
  type Identity,
  readIdentity,
  writeIdentity,
} from "./identity.ts";
import { type DatabaseHost, isRot, type LevelDatabase } from "./level-database.ts";
import { errorCode, textOf } from "./system-error.ts";
import { VoteFile } from "./vote-file.ts";

const MEMBER = "member";
const LOCK = "lock";

/** What may stand in `member/` before the identity was written: a first start that was cut short. */
const BEFORE_IDENTITY = [LOCK, `${IDENTITY_NAME}.tmp`];

/**
 * A data directory that is ours alone: `<path>/member/{identity, lock/, wal/, state/}`.
 *
 * The lock is an empty LevelDB, held open as long as the directory is used: its lock is the system's (fcntl), so it ends with
 * the process however that dies, and works between containers. Node has no other way to it without a native addon.
 */
export class DataDirectory {
  readonly memberPath: string;
  readonly #lock: LevelDatabase;

  private constructor(memberPath: string, lock: LevelDatabase) {
    this.memberPath = memberPath;
    this.#lock = lock;
  }

  get walPath(): string {
    return `${this.memberPath}/wal`;
  }

  get statePath(): string {
    return `${this.memberPath}/state`;
  }

  /**
   * Takes possession of a directory, making it if need be.
   * @throws DataDirectoryError if it is not ours to use; then nothing in it was changed.
   */
  static async claim(
    disk: Disk,
    databases: DatabaseHost,
    path: string,
    identity: Identity,
  ): Promise<DataDirectory> {
    const memberPath = `${path}/${MEMBER}`;
    try {
      await makeDirectories(disk, resolve(path));
      await checkOurs(disk, path);
      await ensureDirectory(disk, path, MEMBER);
      await databases.checkAccess(memberPath);
    } catch (cause) {
      throw unusable(path, cause);
    }
    const lock = await takeLock(disk, databases, path, `${memberPath}/${LOCK}`);
    try {
      const found = await readIdentity(disk, memberPath).catch((damage: unknown) =>
        restoreIdentity(disk, memberPath, identity, damage),
      );
      if (found === null) await writeIdentity(disk, memberPath, identity);
      else checkIdentity(path, found, identity);
      await ensureDirectory(disk, memberPath, "wal");
      await ensureDirectory(disk, memberPath, "state");
      return new DataDirectory(memberPath, lock);
    } catch (cause) {
      await lock.close();
      throw unusable(path, cause);
    }
  }

  release(): Promise<void> {
    return this.#lock.close();
  }
}

/**
 * What a damaged identity said is what we were told to be, if the vote file names the same cluster and member; its checksums were
 * not made for anybody else. Rejects with the damage if it does not.
 */
async function restoreIdentity(
  disk: Disk,
  memberPath: string,
  wanted: Identity,
  damage: unknown,
): Promise<Identity> {
  if (!(damage instanceof DataDirectoryError) || damage.code !== "DAMAGED") throw damage;
  const votes = await VoteFile.open(disk, `${memberPath}/wal`, wanted).catch(() => null);
  if (votes === null) throw damage;
  await votes.close();
  if (votes.reading.record === null) throw damage;
  await writeIdentity(disk, memberPath, wanted);
  return wanted;
}

/** Whose data is in a directory, before anything else is known of it. Null: nobody's, or it does not exist. */
export async function identityOf(disk: Disk, path: string): Promise<Identity | null> {
  try {
    const names = await disk.list(path);
    if (!names.includes(MEMBER)) return null;
    return await readIdentity(disk, `${path}/${MEMBER}`);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return null;
    throw unusable(path, cause);
  }
}

/**
 * Makes a directory and those above it, durably. Not `mkdir` with `recursive`: where a file system refuses with ENOENT (/proc),
 * Node tries for ever.
 */
async function makeDirectories(disk: Disk, path: string): Promise<void> {
  const parent = dirname(path);
  try {
    await disk.makeDirectory(path);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    if (errorCode(error) !== "ENOENT" || parent === path) throw error;
    await makeDirectories(disk, parent);
    await disk.makeDirectory(path);
  }
  await disk.syncDirectory(parent);
}

async function checkOurs(disk: Disk, path: string): Promise<void> {
  const names = (await disk.list(path)).filter((name) => name !== "lost+found");
  if (names.length === 0) return;
  const inMember = names.includes(MEMBER) ? await disk.list(`${path}/${MEMBER}`) : [];
  if (inMember.includes(IDENTITY_NAME)) return;
  if (inMember.includes("snap")) {
    const message = `${path} holds data of etcd, which keeps its own format; give Conclave a directory of its own`;
    throw new DataDirectoryError("ETCD_DATA", message);
  }
  const isHalfMade = names.length === 1 && inMember.every((name) => BEFORE_IDENTITY.includes(name));
  if (names[0] === MEMBER && isHalfMade) return;
  const message = `${path} is not empty and holds no data of Conclave`;
  throw new DataDirectoryError("FOREIGN", message);
}

async function ensureDirectory(disk: Disk, parent: string, name: string): Promise<void> {
  if ((await disk.list(parent)).includes(name)) return;
  await disk.makeDirectory(`${parent}/${name}`);
  await disk.syncDirectory(parent);
}

/** What LevelDB keeps beside its lock is worth nothing here. LOCK itself stays: another process may be waiting for that very file. */
async function clearLock(disk: Disk, lockPath: string): Promise<void> {
  for (const name of await disk.list(lockPath)) {
    if (name !== "LOCK") await disk.remove(`${lockPath}/${name}`);
  }
}

async function takeLock(
  disk: Disk,
  databases: DatabaseHost,
  path: string,
  lockPath: string,
): Promise<LevelDatabase> {
  try {
    return await databases.open(lockPath).catch(async (error: unknown) => {
      if (!isRot(error)) throw error;
      await clearLock(disk, lockPath);
      return databases.open(lockPath);
    });
  } catch (error) {
    // LevelDB's errors name what they came of; the disk's are it.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (errorCode(cause) === "LEVEL_LOCKED") {
      throw new DataDirectoryError("LOCKED", `${path} is in use by another process`, { cause });
    }
    throw new DataDirectoryError("UNWRITABLE", `${path} cannot be locked: ${textOf(cause)}`, {
      cause,
    });
  }
}

function unusable(path: string, cause: unknown): Error {
  if (cause instanceof DataDirectoryError) return cause;
  const message = `${path} cannot be used: ${textOf(cause)}`;
  return new DataDirectoryError("UNWRITABLE", message, { cause });
}
