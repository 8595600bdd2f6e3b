import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildFingerprint } from "./bundle.mjs";
import { installFingerprint } from "./install.mjs";
import { readPackages, withPackagesBelow } from "./workspace.mjs";

/** A workspace in miniature: upper stands on lower, beside stands alone. */
let root = "";

function write(path, content) {
  const absolute = join(root, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, content);
}

function writePackage(name, dependencies = {}) {
  write(`packages/${name}/package.json`, JSON.stringify({ name: `@x/${name}`, dependencies }));
  write(`packages/${name}/tsup.config.ts`, "export default {};");
  write(`packages/${name}/src/index.ts`, `export const name = "${name}";`);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "conclave-workspace-"));
  write("package.json", "{}");
  write("pnpm-lock.yaml", "lockfileVersion: '9.0'");
  writePackage("lower");
  writePackage("upper", { "@x/lower": "workspace:*", level: "10.0.0" });
  writePackage("beside");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const fingerprintOfBuild = (name) => buildFingerprint(readPackages(root), name, root);

describe("a build is repeated", () => {
  test.each([
    { why: "a source of the package changed", path: "packages/upper/src/index.ts" },
    { why: "a source was added", path: "packages/upper/src/deep/er.ts" },
    { why: "a source of a package below changed", path: "packages/lower/src/index.ts" },
    { why: "its tsup configuration changed", path: "packages/upper/tsup.config.ts" },
    { why: "the compiler's settings changed", path: "tsconfig.json" },
    { why: "a dependency changed", path: "pnpm-lock.yaml" },
  ])("when $why", ({ path }) => {
    const before = fingerprintOfBuild("@x/upper");
    write(path, "// changed");
    expect(fingerprintOfBuild("@x/upper")).not.toBe(before);
  });

  test("when a source was renamed", () => {
    write("packages/upper/src/a.ts", "1");
    const before = fingerprintOfBuild("@x/upper");
    rmSync(join(root, "packages/upper/src/a.ts"));
    write("packages/upper/src/b.ts", "1");
    expect(fingerprintOfBuild("@x/upper")).not.toBe(before);
  });
});

describe("a build is not repeated", () => {
  test.each([
    { why: "only a test changed", path: "packages/upper/src/index.test.ts" },
    { why: "a package it does not stand on changed", path: "packages/beside/src/index.ts" },
    { why: "its own output changed", path: "packages/upper/dist/index.js" },
  ])("when $why", ({ path }) => {
    const before = fingerprintOfBuild("@x/upper");
    write(path, "// changed");
    expect(fingerprintOfBuild("@x/upper")).toBe(before);
  });

  test("when a file was only touched: contents count, not times", () => {
    const before = fingerprintOfBuild("@x/upper");
    writePackage("upper", { "@x/lower": "workspace:*", level: "10.0.0" });
    expect(fingerprintOfBuild("@x/upper")).toBe(before);
  });
});

describe("dependencies are installed again", () => {
  test.each([
    { why: "the lock file changed", path: "pnpm-lock.yaml" },
    { why: "a package's manifest changed", path: "packages/lower/package.json" },
    { why: "a package was added", path: "packages/fresh/package.json" },
    { why: "pnpm's settings changed", path: ".npmrc" },
  ])("when $why", ({ path }) => {
    const before = installFingerprint(root);
    write(path, "{}");
    expect(installFingerprint(root)).not.toBe(before);
  });

  test("but not when a source changed", () => {
    const before = installFingerprint(root);
    write("packages/lower/src/index.ts", "// changed");
    expect(installFingerprint(root)).toBe(before);
  });
});

test("a package is built from itself and all workspace packages below it", () => {
  const names = (name) => withPackagesBelow(readPackages(root), name).map((found) => found.name);
  expect(names("@x/upper")).toEqual(["@x/lower", "@x/upper"]);
  expect(names("@x/lower")).toEqual(["@x/lower"]);
  expect(() => names("@x/absent")).toThrow("@x/absent is not a package of this workspace");
});
