import { version } from "../../package.json";
import { type Flag, flags } from "../config/flags.ts";
import { serverDefaults } from "../config/options.ts";

/** What `conclave help` prints: every flag with its default, from the table that is parsed by. */
export function helpText(): string {
  const groups: readonly Flag["group"][] = ["Member", "Cluster", "Limits", "Observation"];
  const sections = groups.map((group) => {
    const lines = flags.filter((flag) => flag.group === group).flatMap(flagLines);
    return `${group}:\n${lines.join("\n")}\n`;
  });
  return [
    "Conclave speaks the etcd v3 API: locks, elections, watches and keys on a durable Raft cluster.",
    "",
    "  conclave serve [flags]   run a member",
    "  conclave version         print versions",
    "  conclave help            print this",
    "",
    "Flags have etcd's names: --flag value or --flag=value. Each can be set by a variable instead,",
    "such as ETCD_DATA_DIR for --data-dir; the flag wins.",
    "",
    ...sections,
  ].join("\n");
}

function flagLines({ name, defaultText, usage }: Flag): string[] {
  return [`  --${name} (${defaultText})`, `      ${usage}`];
}

/** Four lines, as `etcd --version` prints; scripts read the first. */
export function versionText(): string {
  return [
    `etcd Version: ${serverDefaults.emulateVersion}`,
    `Conclave Version: ${version}`,
    `Node Version: ${process.version}`,
    `Node OS/Arch: ${process.platform}/${process.arch}`,
    "",
  ].join("\n");
}

export interface ReadyFacts {
  readonly name: string;
  /** A directory, or null for a member in memory. */
  readonly dataDirectory: string | null;
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
}

/** What a person who just started a member wants to know, and three things to try. */
export function readyText({ name, dataDirectory, clientUrls, peerUrls }: ReadyFacts): string {
  const url = clientUrls[0] ?? "";
  const endpoints = url === "http://127.0.0.1:2379" ? "" : ` --endpoints=${url}`;
  return [
    "",
    `Conclave ${version}: member ${name} is ready.`,
    `  clients  ${clientUrls.join(", ")}`,
    `  peers    ${peerUrls.join(", ")}`,
    `  data     ${dataDirectory ?? "in memory, gone when it stops"}`,
    "",
    "Try next:",
    `  etcdctl${endpoints} put greeting hello && etcdctl${endpoints} get greeting`,
    `  etcdctl${endpoints} lock my-lock echo "only one of us at a time"`,
    `  curl ${url}/health`,
    "",
    "Stop it with Ctrl-C.",
    "",
    "",
  ].join("\n");
}
