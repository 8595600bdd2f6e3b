// The TypeScript file of one proto: imports, enums, messages, services.
import { docComment, emitMessage } from "./emit-message.mjs";

/** What generated code may take from the runtime, by module: [name, is only a type]. */
const RUNTIME = {
  "../codec/message-codec.ts": [
    ["Encodable", true],
    ["isEncoded", false],
    ["MessageCodec", true],
    ["messageCodec", false],
    ["requireOneMember", false],
  ],
  "../codec/method.ts": [["ServiceDescriptor", true]],
  "../codec/reader.ts": [
    ["EMPTY_BYTES", false],
    ["Reader", true],
  ],
  "../codec/writer.ts": [
    ["sizeOfInt32", false],
    ["sizeOfInt64Bigint", false],
    ["sizeOfInt64Number", false],
    ["sizeOfLengthDelimited", false],
    ["sizeOfString", false],
    ["sizeOfUint32", false],
    ["sizeOfUint64Bigint", false],
    ["sizeOfUint64Number", false],
    ["Writer", true],
  ],
};

export function emitFile(file, allFiles) {
  const body = [
    ...file.enums.map(emitEnum),
    ...file.messages.map(emitMessage),
    ...file.services.map(emitService),
  ].join("\n\n");
  const code = withoutProse(body);
  const imports = [...runtimeImports(code), ...siblingImports(file, allFiles, code)];
  return `${header(file.proto)}${imports.join("\n")}\n\n${body}\n`;
}

/** Re-exports what users need; how messages are walked stays inside. */
export function emitIndex(files) {
  const names = new Set();
  const exports = files.map((file) => {
    const declared = [
      ...file.messages.flatMap((message) => [message.name, `type ${message.name}Init`]),
      ...file.enums.map((each) => each.name),
      ...file.services.map((service) => service.name),
    ];
    for (const name of declared) {
      if (names.has(name)) throw new Error(`${name} is declared twice`);
      names.add(name);
    }
    return `export {\n${declared.map((name) => `  ${name},\n`).join("")}} from "./${file.module}.ts";`;
  });
  return `${header("all protos")}${exports.join("\n\n")}\n`;
}

function header(source) {
  return `// Generated from ${source} by codegen/generate.mjs: change that and run \`pnpm generate\`.\n\n`;
}

function runtimeImports(code) {
  return Object.entries(RUNTIME).flatMap(([module, names]) => {
    const used = names.filter(([name]) => isUsed(name, code));
    return used.length === 0 ? [] : [importOf(module, used)];
  });
}

/** What a message of another proto brings along for the messages that hold it. */
function siblingImports(file, allFiles, code) {
  return allFiles
    .filter((other) => other !== file)
    .flatMap((other) => {
      const names = [
        ...other.messages.flatMap(({ name }) => [
          [name, !isUsedAsValue(name, code)],
          [`${name}Init`, true],
          ...["new", "create", "size", "write", "read"].map((verb) => [`${verb}${name}`, false]),
        ]),
        ...other.enums.map(({ name }) => [name, true]),
      ];
      const used = names.filter(([name]) => isUsed(name, code));
      return used.length === 0 ? [] : [importOf(`./${other.module}.ts`, used)];
    });
}

/** Names in comments and quotes are not uses. */
const withoutProse = (body) => body.replace(/\/\*\*[\s\S]*?\*\//g, "").replace(/"[^"]*"/g, '""');
const isUsed = (name, code) => new RegExp(`(?<![\\w.])${name}\\b(?!:)`).test(code);
const isUsedAsValue = (name, code) => new RegExp(`(?<![\\w.])${name}\\.decode`).test(code);

function importOf(module, names) {
  const list = names.map(([name, isType]) => (isType ? `type ${name}` : name));
  return `import { ${list.join(", ")} } from "${module}";`;
}

function emitEnum({ name, comment, values }) {
  const members = values.map(([key, value]) => `  ${key}: ${value},\n`).join("");
  return (
    `${docComment(comment)}export const ${name} = {\n${members}} as const;\n` +
    `/** A newer peer may send a value we have no name for: it stays the number it is. */\n` +
    `export type ${name} = (typeof ${name})[keyof typeof ${name}] | (number & Record<never, never>);`
  );
}

function emitService({ name, comment, methods }) {
  const entries = methods.map(
    (method) =>
      `${docComment(method.comment, "  ")}  ${method.name}: {\n    path: "${method.path}",\n` +
      `    request: ${method.request},\n    response: ${method.response},\n` +
      `    requestStream: ${method.requestStream},\n    responseStream: ${method.responseStream},\n  },\n`,
  );
  return `${docComment(comment)}export const ${name} = {\n${entries.join("")}} as const satisfies ServiceDescriptor;`;
}
