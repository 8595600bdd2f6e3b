import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { DataDirectoryError } from "./data-directory-error.ts";

const WRITABLE_BY_OTHERS = 0o022;

/** What a directory's owner and mode have to be, in numbers as the system keeps them. */
export interface DirectoryAccess {
  readonly uid: number;
  readonly mode: number;
}

/**
 * Why whoever may write into `directory` could change what this member voted, or acknowledged; null: nobody but its owner
 * may. `ownUid` is who we are, undefined where users have no numbers.
 */
export function exposureOf(
  directory: string,
  { uid, mode }: DirectoryAccess,
  ownUid: number | undefined,
): string | null {
  if (ownUid === undefined) return null;
  if (uid !== ownUid && uid !== 0) {
    return `${directory} belongs to user ${uid}, and this is user ${ownUid}: chown it to ${ownUid}`;
  }
  if ((mode & WRITABLE_BY_OTHERS) === 0) return null;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  return `${directory} can be written by others than its owner (mode ${octal}): chmod 0700 it`;
}

/**
 * Rejects unless databases may be made in a directory, and by nobody but us. Above it anything is allowed: volumes come
 * with the modes that their operators gave them, and who puts another directory in this one's place has not our number.
 * @throws DataDirectoryError EXPOSED
 */
export async function checkDirectoryAccess(directory: string): Promise<void> {
  await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  const exposure = exposureOf(directory, await stat(directory), process.getuid?.());
  if (exposure !== null) throw new DataDirectoryError("EXPOSED", exposure);
}
