// The TypeScript of one message: its types, its two encoding walks, its reader and its codec.

/** How a field kind looks in TypeScript and which runtime functions serve it. */
const KINDS = {
  bytes: {
    type: "Uint8Array",
    zero: "EMPTY_BYTES",
    wireType: 2,
    read: "bytes",
    isSet: (value) => `${value}.length > 0`,
    size: (value) => `sizeOfLengthDelimited(${value}.length)`,
    write: "lengthDelimited",
  },
  string: {
    type: "string",
    zero: '""',
    wireType: 2,
    read: "string",
    isSet: (value) => `${value} !== ""`,
    size: (value) => `sizeOfString(${value})`,
    write: "string",
  },
  bool: {
    type: "boolean",
    zero: "false",
    wireType: 0,
    read: "bool",
    isSet: (value) => value,
    size: () => "1",
    write: "bool",
  },
  enum: number("int32", "sizeOfInt32", "int32"),
  uint32: number("uint32", "sizeOfUint32", "varint32"),
  int64Number: number("int64Number", "sizeOfInt64Number", "int64Number"),
  int64Bound: number("int64Bound", "sizeOfInt64Number", "int64Number"),
  uint64Number: number("uint64Number", "sizeOfUint64Number", "int64Number"),
  int64Bigint: bigint("int64Bigint", "sizeOfInt64Bigint"),
  uint64Bigint: bigint("uint64Bigint", "sizeOfUint64Bigint"),
};

function number(read, size, write) {
  return {
    type: "number",
    zero: "0",
    wireType: 0,
    read,
    isSet: (value) => `${value} !== 0`,
    size: (value) => `${size}(${value})`,
    write,
  };
}

function bigint(readAndWrite, size) {
  return {
    type: "bigint",
    zero: "0n",
    wireType: 0,
    read: readAndWrite,
    isSet: (value) => `${value} !== 0n`,
    size: (value) => `${size}(${value})`,
    write: readAndWrite,
  };
}

export function emitMessage(message) {
  return [
    emitInterface(message),
    emitInit(message),
    emitNew(message),
    emitCreate(message),
    emitSize(message),
    emitWrite(message),
    emitRead(message),
    emitCodec(message),
  ].join("\n\n");
}

export function docComment(comment, indent = "") {
  if (comment === null || comment === undefined) return "";
  const lines = comment.split("\n");
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

const isNullable = (field) => !field.repeated && (field.kind === "message" || field.oneof !== null);
const elementType = (field) => field.type ?? KINDS[field.kind].type;
const zeroOf = (field) =>
  field.repeated ? "[]" : isNullable(field) ? "null" : KINDS[field.kind].zero;

function emitInterface(message) {
  const fields = message.fields.map((field) => {
    const element = elementType(field);
    const type = field.repeated
      ? `${element}[]`
      : isNullable(field)
        ? `${element} | null`
        : element;
    return `${docComment(fieldComment(field), "  ")}  ${field.name}: ${type};\n`;
  });
  return block(`${docComment(message.comment)}export interface ${message.name}`, fields);
}

function fieldComment(field) {
  if (field.oneof === null) return field.comment;
  const member = `One of \`${field.oneof}\`.`;
  return field.comment === null ? member : `${field.comment}\n${member}`;
}

function emitInit(message) {
  const fields = message.fields.map((field) => {
    const plain = field.kind === "message" ? `${field.type}Init` : elementType(field);
    const element = field.encodable ? `Encodable<${plain}>` : plain;
    const list = field.encodable ? `readonly (${element})[]` : `readonly ${element}[]`;
    const type = field.repeated ? list : isNullable(field) ? `${element} | null` : element;
    return `  readonly ${field.name}?: ${type} | undefined;\n`;
  });
  const doc = `/** What encoding {@link ${message.name}} accepts. */\n`;
  return block(`${doc}export interface ${message.name}Init`, fields);
}

function emitNew(message) {
  const fields = message.fields.map((field) => `${field.name}: ${zeroOf(field)}`);
  const literal = fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
  return `export function new${message.name}(): ${message.name} {\n  return ${literal};\n}`;
}

function emitCreate(message) {
  const { name, fields } = message;
  if (fields.length === 0) {
    return `export function create${name}(_init: ${name}Init): ${name} {\n  return {};\n}`;
  }
  const lines = fields.map((field) => `    ${field.name}: ${createdField(field)},\n`);
  return block(
    `export function create${name}(init: ${name}Init): ${name}`,
    `  return {\n${lines.join("")}  };\n`,
  );
}

function createdField(field) {
  const value = `init.${field.name}`;
  if (field.kind !== "message") {
    return field.repeated ? `${value}?.slice() ?? []` : `${value} ?? ${zeroOf(field)}`;
  }
  const create = (element) =>
    field.encodable
      ? `isEncoded(${element}) ? ${field.type}.decode(${element}) : create${field.type}(${element})`
      : `create${field.type}(${element})`;
  if (field.repeated) return `${value}?.map((each) => (${create("each")})) ?? []`;
  return `${value} == null ? null : ${create(value)}`;
}

/** The condition under which a field is on the wire: proto3 leaves defaults out, but not in a oneof. */
function presence(field, value) {
  if (isNullable(field)) return `${value} != null`;
  const { isSet } = KINDS[field.kind];
  if (field.kind === "bool") return `${value} === true`;
  return `${value} !== undefined && ${isSet(value)}`;
}

const tagOf = (field, wireType) => (field.number * 8 + wireType) >>> 0;
const isPacked = (field) => field.repeated && KINDS[field.kind]?.wireType === 0;
const writtenTag = (field) =>
  tagOf(field, field.kind === "message" || isPacked(field) ? 2 : KINDS[field.kind].wireType);

function emitSize(message) {
  const { name, fields } = message;
  if (fields.length === 0) {
    return `export function size${name}(_writer: Writer, _message: ${name}Init): number {\n  return 0;\n}`;
  }
  const oneofs = message.oneofs.map((oneof) => {
    const set = oneof.members.map((member) => `message.${member} != null`);
    return `  requireOneMember("${message.fullName}.${oneof.name}", [${set.join(", ")}]);\n`;
  });
  const usesWriter = fields.some((field) => field.kind === "message" || isPacked(field));
  const body = [...oneofs, "  let size = 0;\n", ...fields.map(sizeOfField), "  return size;\n"];
  const writer = usesWriter ? "writer" : "_writer";
  return block(
    `export function size${name}(${writer}: Writer, message: ${name}Init): number`,
    body,
  );
}

function sizeOfField(field) {
  const value = field.name;
  const tagSize = varintSize(writtenTag(field));
  const declare = `  const ${value} = message.${field.name};\n`;
  if (isPacked(field)) {
    return (
      `${declare}  if (${value} !== undefined && ${value}.length > 0) {\n` +
      `    const slot = writer.openSize();\n    let content = 0;\n` +
      `    for (const each of ${value}) content += ${KINDS[field.kind].size("each")};\n` +
      `    size += ${tagSize} + writer.closeSize(slot, content);\n  }\n`
    );
  }
  if (field.repeated) {
    return (
      `${declare}  if (${value} !== undefined) {\n    for (const each of ${value}) {\n` +
      `${sizeOfElement(field, "each", tagSize, "      ")}    }\n  }\n`
    );
  }
  return `${declare}  if (${presence(field, value)}) {\n${sizeOfElement(field, value, tagSize, "    ")}  }\n`;
}

function sizeOfElement(field, value, tagSize, indent) {
  if (field.kind !== "message") {
    return `${indent}size += ${tagSize} + ${KINDS[field.kind].size(value)};\n`;
  }
  const inner = (deeper) =>
    `${deeper}const slot = writer.openSize();\n` +
    `${deeper}size += ${tagSize} + writer.closeSize(slot, size${field.type}(writer, ${value}));\n`;
  if (!field.encodable) return inner(indent);
  return (
    `${indent}if (isEncoded(${value})) {\n` +
    `${indent}  size += ${tagSize} + sizeOfLengthDelimited(${value}.length);\n` +
    `${indent}} else {\n${inner(`${indent}  `)}${indent}}\n`
  );
}

function varintSize(value) {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest >>>= 7) size += 1;
  return size;
}

function emitWrite(message) {
  const { name, fields } = message;
  if (fields.length === 0) {
    return `export function write${name}(_writer: Writer, _message: ${name}Init): void {}`;
  }
  const body = fields.map(writeField);
  return block(`export function write${name}(writer: Writer, message: ${name}Init): void`, body);
}

function writeField(field) {
  const value = field.name;
  const declare = `  const ${value} = message.${field.name};\n`;
  if (isPacked(field)) {
    return (
      `${declare}  if (${value} !== undefined && ${value}.length > 0) {\n` +
      `    ${writeTag(field)}\n    writer.nextSize();\n` +
      `    for (const each of ${value}) writer.${KINDS[field.kind].write}(each);\n  }\n`
    );
  }
  if (field.repeated) {
    return (
      `${declare}  if (${value} !== undefined) {\n    for (const each of ${value}) {\n` +
      `${writeElement(field, "each", "      ")}    }\n  }\n`
    );
  }
  return `${declare}  if (${presence(field, value)}) {\n${writeElement(field, value, "    ")}  }\n`;
}

function writeElement(field, value, indent) {
  const tag = `${indent}${writeTag(field)}\n`;
  if (field.kind !== "message") {
    return `${tag}${indent}writer.${KINDS[field.kind].write}(${value});\n`;
  }
  const inner = (deeper) =>
    `${deeper}writer.nextSize();\n${deeper}write${field.type}(writer, ${value});\n`;
  if (!field.encodable) return tag + inner(indent);
  return (
    `${tag}${indent}if (isEncoded(${value})) {\n` +
    `${indent}  writer.lengthDelimited(${value});\n` +
    `${indent}} else {\n${inner(`${indent}  `)}${indent}}\n`
  );
}

function writeTag(field) {
  const tag = writtenTag(field);
  return tag < 0x80 ? `writer.byte(${tag});` : `writer.varint32(${tag});`;
}

function emitRead(message) {
  const { name, fields } = message;
  const fieldSet = `const FIELDS_OF_${screaming(name)}: ReadonlySet<number> = new Set([${fields
    .map((field) => field.number)
    .join(", ")}]);\n\n`;
  const skip = `reader.skip(tag, FIELDS_OF_${screaming(name)});\n`;
  const cases = fields.map((field) => readCases(message, field)).join("");
  const loop =
    fields.length === 0
      ? `    const tag = reader.tag();\n    ${skip}`
      : `    const tag = reader.tag();\n    switch (tag) {\n${cases}      default:\n        ${skip}    }\n`;
  return (
    fieldSet +
    block(
      `export function read${name}(reader: Reader, message: ${name} = new${name}()): ${name}`,
      `  while (reader.position < reader.end) {\n${loop}  }\n  return message;\n`,
    )
  );
}

function readCases(message, field) {
  const target = `message.${field.name}`;
  const pad = "        ";
  const closed = (tag, lines) =>
    `      case ${tag}: {\n${lines.map((line) => `${pad}${line}\n`).join("")}${pad}break;\n      }\n`;
  const clears = othersOfOneof(message, field).map((other) => `message.${other} = null;`);
  if (field.kind === "message") {
    const read = field.repeated
      ? `${target}.push(read${field.type}(reader));`
      : `${target} = read${field.type}(reader, ${target} ?? new${field.type}());`;
    const lines = ["const outerEnd = reader.enter();", read, "reader.leave(outerEnd);", ...clears];
    return closed(tagOf(field, 2), lines);
  }
  const { read, wireType } = KINDS[field.kind];
  if (!field.repeated) {
    return closed(tagOf(field, wireType), [`${target} = reader.${read}();`, ...clears]);
  }
  const single = closed(tagOf(field, wireType), [`${target}.push(reader.${read}());`]);
  if (!isPacked(field)) return single;
  return (
    single +
    closed(tagOf(field, 2), [
      "const outerEnd = reader.enterPacked();",
      `while (reader.position < reader.end) ${target}.push(reader.${read}());`,
      "reader.leavePacked(outerEnd);",
    ])
  );
}

/** The members that setting this one unsets. */
function othersOfOneof(message, field) {
  if (field.oneof === null) return [];
  const { members } = message.oneofs.find((oneof) => oneof.name === field.oneof);
  return members.filter((member) => member !== field.name);
}

function emitCodec({ name, fullName }) {
  return (
    `export const ${name}: MessageCodec<${name}, ${name}Init> = messageCodec({\n` +
    `  typeName: "${fullName}",\n  create: create${name},\n  size: size${name},\n` +
    `  write: write${name},\n  read: read${name},\n});`
  );
}

const screaming = (name) => name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();

function block(head, body) {
  const text = Array.isArray(body) ? body.join("") : body;
  return text === "" ? `${head} {}` : `${head} {\n${text}}`;
}
