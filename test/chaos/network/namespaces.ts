import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { runTool } from "../run-tool.ts";
import { CLIENTS, type Impairment, type Place, rulesAt } from "./packet-rules.ts";

/** What is between its packets on a slowed link. */
const BURST_BYTES = 3_000;
const LATENCY_MS = 2_000;

/**
 * A network namespace for each member, with a cable of its own to the switch that the clients are on: the namespace of
 * this process. Packets are lost, refused and slowed by the kernel, as on a real network. Requires: this process may make
 * network namespaces, is in one that nobody else uses, and takes its children with it when it ends (`sandbox.ts`).
 */
export class Namespaces {
  readonly #members: ReadonlyMap<Place, ChildProcess>;
  readonly #impairments = new Set<Impairment>();
  readonly #slowed = new Set<Place>();
  /** Rules are loaded one after the other, each as the impairments are by then. */
  #loading: Promise<unknown> = Promise.resolve();

  private constructor(members: ReadonlyMap<Place, ChildProcess>) {
    this.#members = members;
  }

  static async create(names: readonly Place[]): Promise<Namespaces> {
    const hub = [
      "link set lo up",
      "link add hub type bridge forward_delay 0",
      `address add ${addressOf(CLIENTS)}/24 dev hub`,
      "link set hub up",
    ];
    await runTool("ip", ["-batch", "-"], hub.join("\n"));
    const members = new Map<Place, ChildProcess>();
    for (const name of names) members.set(name, await makeNamespace(name));
    return new Namespaces(members);
  }

  hostOf(place: Place): string {
    return addressOf(place);
  }

  /** What a command is put behind to run in the place of a member. */
  commandAt(place: Place): readonly string[] {
    const pid = this.#members.get(place)?.pid;
    return pid === undefined ? [] : ["nsenter", `--net=/proc/${pid}/ns/net`];
  }

  /** From when it resolves, until {@link lift}. */
  async impose(...impairments: readonly Impairment[]): Promise<void> {
    for (const impairment of impairments) this.#impairments.add(impairment);
    await this.#load(impairments);
  }

  async lift(...impairments: readonly Impairment[]): Promise<void> {
    for (const impairment of impairments) this.#impairments.delete(impairment);
    await this.#load(impairments);
  }

  /** Everything that a member sends takes its time, until {@link quicken}. */
  async slow(member: Place, kilobitsPerSecond: number): Promise<void> {
    this.#slowed.add(member);
    await this.#run(member, "tc", [
      ...["qdisc", "replace", "dev", "eth0", "root", "tbf"],
      ...["rate", `${kilobitsPerSecond}kbit`, "burst", `${BURST_BYTES}`],
      ...["latency", `${LATENCY_MS}ms`],
    ]);
  }

  async quicken(member: Place): Promise<void> {
    if (!this.#slowed.delete(member)) return;
    await this.#run(member, "tc", ["qdisc", "delete", "dev", "eth0", "root"]);
  }

  #load(changed: readonly Impairment[]): Promise<unknown> {
    const places = new Set(changed.map(({ to }) => to));
    const load = () =>
      Promise.all(
        [...places].map((place) =>
          this.#run(place, "nft", ["-f", "-"], rulesAt(place, this.#impairments, addressOf)),
        ),
      );
    this.#loading = this.#loading.then(load);
    return this.#loading;
  }

  #run(place: Place, tool: string, args: readonly string[], input = ""): Promise<string> {
    const [file = "", ...rest] = [...this.commandAt(place), tool, ...args];
    return runTool(file, rest, input);
  }
}

/** Members are m1, m2 and so on. */
function addressOf(place: Place): string {
  return place === CLIENTS ? "10.99.0.254" : `10.99.0.${place.slice(1)}`;
}

/** A namespace lives as long as a process is in it: one that sleeps. */
async function makeNamespace(name: Place): Promise<ChildProcess> {
  const script = "echo made; exec sleep infinity";
  const child = spawn("unshare", ["--net", "sh", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.unref();
  await once(child.stdout, "data");
  const cable = [
    `link add to-${name} type veth peer name eth0 netns ${child.pid}`,
    `link set to-${name} master hub up`,
  ];
  await runTool("ip", ["-batch", "-"], cable.join("\n"));
  const inside = [
    "link set lo up",
    `address add ${addressOf(name)}/24 dev eth0`,
    "link set eth0 up",
  ];
  const enter = [`--net=/proc/${child.pid}/ns/net`, "ip", "-batch", "-"];
  await runTool("nsenter", enter, inside.join("\n"));
  return child;
}
