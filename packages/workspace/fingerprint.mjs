/** Stamps: a step is skipped while the fingerprint of what it reads equals the one it left behind. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * One hash over names and contents of files. Modification times are left out: a fresh clone and a
 * `git checkout` back and forth change them without changing anything that is built.
 * @param {string} root the names are hashed relative to it
 * @param {Iterable<string>} paths absolute; a missing file counts as such
 * @param {Iterable<string>} [facts] other things the result depends on, such as the Node version
 */
export function fingerprintOf(root, paths, facts = []) {
  const hash = createHash("sha256");
  for (const fact of facts) hash.update(`fact ${JSON.stringify(fact)}\n`);
  for (const path of [...paths].sort()) {
    const name = JSON.stringify(relative(root, path));
    if (!existsSync(path)) {
      hash.update(`absent ${name}\n`);
      continue;
    }
    const content = readFileSync(path);
    hash.update(`file ${name} ${content.length}\n`);
    hash.update(content);
  }
  return hash.digest("hex");
}

/**
 * Files under a directory, at any depth, in no order.
 * @param {string} directory
 * @param {(name: string) => boolean} isWanted by file name
 * @returns {string[]}
 */
export function filesUnder(directory, isWanted) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesUnder(path, isWanted);
    return isWanted(entry.name) ? [path] : [];
  });
}

/** @param {string} path @returns {string | undefined} undefined if there is no stamp */
export function readStamp(path) {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** @param {string} path @param {string} fingerprint */
export function writeStamp(path, fingerprint) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${fingerprint}\n`);
}
