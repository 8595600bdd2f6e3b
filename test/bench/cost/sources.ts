import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A function as V8 knows it. Its places count from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A function as the one who wrote it knows it. */
export interface Place {
  readonly name: string;
  /** Path in the repository, `node:` and a module, or empty: built in. */
  readonly source: string;
  /** Counts from 1. */
  readonly line: number;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url)); // of test/dist, where this is bundled to

/** Leads from the places of a build back to the sources, by the maps beside it. */
export class Sources {
  readonly #maps = new Map<string, SourceMap | null>();

  placeOf({ functionName, url, lineNumber, columnNumber }: CallFrame): Place {
    const name = functionName === "" ? "(anonymous)" : functionName;
    const line = lineNumber + 1;
    const path = url.startsWith("file:") ? fileURLToPath(url) : url;
    if (!isAbsolute(path)) return { name, source: url, line };
    const dependency = /.*node_modules\/(.*)/.exec(path)?.[1];
    if (dependency !== undefined) return { name, source: `node_modules/${dependency}`, line };
    const entry = this.#mapOf(path)?.findEntry(lineNumber, columnNumber);
    if (entry === undefined || !("originalSource" in entry)) {
      return { name, source: relative(ROOT, path), line };
    }
    const source = relative(ROOT, resolve(dirname(path), entry.originalSource));
    return { name, source, line: entry.originalLine + 1 };
  }

  #mapOf(path: string): SourceMap | null {
    let map = this.#maps.get(path);
    if (map === undefined) {
      const file = `${path}.map`;
      map = existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, "utf8"))) : null;
      this.#maps.set(path, map);
    }
    return map;
  }
}
