// Runs a file in a JavaScript realm of its own, with all the CommonJS modules that it requires, as jest does with each
// file of tests: its `Symbol`, `Error` and `Array` are not those of Node's own modules. Run by node-test.test.ts.
const { readFileSync } = require("node:fs");
const { createRequire, isBuiltin } = require("node:module");
const { dirname } = require("node:path");
const vm = require("node:vm");

const realm = vm.createContext();
const ofTheLanguage = new Set(vm.runInContext("Object.getOwnPropertyNames(globalThis)", realm));
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (ofTheLanguage.has(name)) continue;
  Object.defineProperty(realm, name, { get: () => globalThis[name], configurable: true });
}

const modules = new Map();
const parameters = ["exports", "require", "module", "__filename", "__dirname"];

/** @param {string} filename */
function load(filename) {
  const known = modules.get(filename);
  if (known !== undefined) return known.exports;
  const require = createRequire(filename);
  const module = { exports: {} };
  modules.set(filename, module);
  const code = readFileSync(filename, "utf8").replace(/^#!.*/, "");
  const run = vm.compileFunction(code, parameters, { parsingContext: realm, filename });
  const requireHere = (name) => {
    if (isBuiltin(name)) return require(name);
    const path = require.resolve(name);
    return /\.(json|node)$/.test(path) ? require(path) : load(path);
  };
  requireHere.resolve = require.resolve;
  run(module.exports, requireHere, module, filename, dirname(filename));
  return module.exports;
}

if (vm.runInContext("Symbol", realm) === Symbol) throw new Error("this is no other realm");
load(require.resolve(process.argv[2]));
