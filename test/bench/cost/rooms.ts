/** Where time goes, from the socket to the disk; the order of the page. */
export const ROOMS = [
  "connections, frames, heads (`rpc`)",
  "messages decoded and encoded (`wire`)",
  "services (`server/api`)",
  "proposals, reads, waiters, the loop (`server/node`)",
  "consensus (`raft`)",
  "commands applied, watchers told (`state-machine`)",
  "log and state (`server/storage`)",
  "LevelDB's binding",
  "the rest of Conclave",
  "Node's sockets",
  "the rest of Node",
  "collector",
  "libuv and the kernel, beside JavaScript",
] as const;
export type Room = (typeof ROOMS)[number];

/** The first that fits a source is its room. */
const SOURCES: readonly (readonly [RegExp, Room])[] = [
  [/packages\/rpc\/src\//, "connections, frames, heads (`rpc`)"],
  [/packages\/wire\/src\//, "messages decoded and encoded (`wire`)"],
  [/packages\/server\/src\/api\//, "services (`server/api`)"],
  [/packages\/server\/src\/node\//, "proposals, reads, waiters, the loop (`server/node`)"],
  [/packages\/raft\/src\//, "consensus (`raft`)"],
  [/packages\/state-machine\/src\//, "commands applied, watchers told (`state-machine`)"],
  [/packages\/server\/src\/storage\//, "log and state (`server/storage`)"],
  [/node_modules\/.*level/, "LevelDB's binding"],
  [/packages\//, "the rest of Conclave"],
  [/^node:(net|stream|internal\/(stream|net))/, "Node's sockets"],
  [/^node:|node_modules\//, "the rest of Node"],
];

/** V8's names for what is no function. */
const META: ReadonlyMap<string, Room> = new Map([
  ["(garbage collector)", "collector"],
  ["(program)", "libuv and the kernel, beside JavaScript"],
]);

export const isIdle = (functionName: string) => functionName === "(idle)";

/**
 * The room of a function.
 * @param sources of the function and of its callers, the nearest first: what is built into V8 and Node has none of its own
 * and belongs to whoever called it
 */
export function roomOf(functionName: string, sources: readonly string[]): Room {
  const meta = META.get(functionName);
  if (meta !== undefined) return meta;
  const source = sources.find((each) => each !== "");
  const known = SOURCES.find(([pattern]) => source !== undefined && pattern.test(source));
  return known?.[1] ?? "the rest of Node";
}
