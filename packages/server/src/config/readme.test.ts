import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { flags, flagsByName } from "./flags.ts";
import { serverDefaults } from "./options.ts";
import { resolveServerConfig } from "./resolve.ts";

const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");

test("the README's three members can be started as written, and see one cluster; so can the fourth that joins", () => {
  const cluster = /^CLUSTER=(.*)$/m.exec(readme)?.[1] ?? "";
  const commands = [...readme.matchAll(/^npm start -- (--name [\s\S]*?[^\\])$/gm)];
  const configs = commands.map(([, line = ""]) => {
    const args = line.replaceAll("\\\n", " ").replace("$CLUSTER", cluster).split(/\s+/);
    const { options, warnings } = parseCommandLine(args, {});
    expect(warnings).toEqual([]);
    return resolveServerConfig(options);
  });
  expect(configs.map(({ name }) => name)).toEqual(["m1", "m2", "m3", "m4"]);
  const founders = configs.slice(0, 3);
  for (const { initialMembers, initialClusterState } of founders) {
    expect(initialMembers).toEqual(configs[0]?.initialMembers);
    expect(initialMembers).toHaveLength(3);
    expect(initialClusterState).toBe("new");
  }
  const joiner = configs[3];
  expect(joiner?.initialMembers.slice(0, 3)).toEqual(configs[0]?.initialMembers);
  expect(joiner?.initialMembers).toHaveLength(4);
  expect(joiner?.initialClusterState).toBe("existing");
  const listening = configs.flatMap(({ listenClientUrls, listenPeerUrls }) => [
    ...listenClientUrls,
    ...listenPeerUrls,
  ]);
  expect(new Set(listening.map(({ port }) => port)).size).toBe(8);
});

test("every flag that the README's limits name exists", () => {
  const named = [...readme.matchAll(/`--([a-z-]+)`/g)].map(([, name = ""]) => name);
  expect(named.length).toBeGreaterThan(3);
  for (const name of named) expect(flagsByName.has(name), name).toBe(true);
});

test("the help tells the defaults that apply", () => {
  for (const { setting, defaultText, read } of flags) {
    const applied = (serverDefaults as Readonly<Record<string, unknown>>)[setting];
    if (typeof applied !== "number" || setting === "quotaBackendBytes") continue;
    expect(read(defaultText)).toEqual({ [setting]: applied });
  }
});
