import { createRequire } from "node:module";

/**
 * Gives protobufjs its 64-bit integers. It looks for `long` by a plain require, which under vitest's
 * export conditions finds the ES module instead, where `Long` is the default export; without it,
 * every int64 silently becomes a double and ids lose their last digits. A global `Long` is the other
 * place where protobufjs (and so npm `etcd3`) looks. Import this before either.
 */
const requireFromProtobufjs = createRequire(createRequire(import.meta.url).resolve("protobufjs"));
const loaded: unknown = requireFromProtobufjs("long");
const isNamespace = typeof loaded === "object" && loaded !== null && "default" in loaded;
Object.assign(globalThis, { Long: isNamespace ? loaded.default : loaded });
