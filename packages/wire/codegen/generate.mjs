// Writes packages/wire/src/generated from proto/. Run it with `pnpm generate` after changing a proto
// or the generator; a test fails while the checked-in files differ from what this makes.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitFile, emitIndex } from "./emit-file.mjs";
import { loadProtos, modelOf } from "./model.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const PROTO_DIRECTORY = join(here, "../../../proto");
const OUTPUT_DIRECTORY = join(here, "../src/generated");

/** A proto comes after those it imports. */
const PROTOS = [
  "mvccpb/kv.proto",
  "authpb/auth.proto",
  "etcdserverpb/rpc.proto",
  "v3lockpb/lock.proto",
  "v3electionpb/election.proto",
  "grpc/health/v1/health.proto",
];

/** The protos as protobufjs sees them. */
export function reflection() {
  return loadProtos(PROTO_DIRECTORY, PROTOS);
}

/** @returns {Map<string, string>} file name to text, for all that belongs into the output. */
export function generatedFiles() {
  const files = modelOf(reflection(), PROTO_DIRECTORY, PROTOS);
  const texts = files.map((file) => [`${file.module}.ts`, emitFile(file, files)]);
  return new Map([...texts, ["index.ts", emitIndex(files)]]);
}

function writeAll() {
  mkdirSync(OUTPUT_DIRECTORY, { recursive: true });
  const texts = generatedFiles();
  for (const name of readdirSync(OUTPUT_DIRECTORY)) {
    if (!texts.has(name)) rmSync(join(OUTPUT_DIRECTORY, name));
  }
  for (const [name, text] of texts) writeFileSync(join(OUTPUT_DIRECTORY, name), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeAll();
