import type { RaftConfig } from "../config.ts";
import type { MembershipChangeType } from "../membership.ts";
import type { MemberId, Message } from "../message.ts";
import type { Ready, Role } from "../ready.ts";
import { Cluster } from "./cluster.ts";
import type { SimulatedMember } from "./member.ts";

/** One command of a script: a verb, words, and key=value options. */
interface Command {
  readonly verb: string;
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/**
 * Tells a script's story: commands make a cluster's events happen one by one, and what the members then do comes out
 * as lines. `scripts/README.md` lists the commands.
 */
export class Script {
  #cluster: Cluster | null = null;
  #lines: string[] = [];
  #showsMessages = false;
  readonly #roles = new Map<MemberId, Role>();
  readonly #leaders = new Map<MemberId, MemberId>();
  /** Disks that finish nothing until released. */
  readonly #heldDisks = new Set<MemberId>();

  /** Runs the lines of one block. @returns what happened. */
  run(block: readonly string[]): string[] {
    this.#lines = [];
    for (const line of block) this.#command(parse(line));
    return this.#lines.length > 0 ? this.#lines : ["(nothing)"];
  }

  get #members(): Cluster {
    if (this.#cluster === null) throw new Error("a script starts with `cluster`");
    return this.#cluster;
  }

  #command(command: Command): void {
    const { verb, words, options } = command;
    const cluster = verb === "cluster" ? null : this.#members;
    const id = BigInt(/^\d+$/.test(words[0] ?? "") ? words[0]! : 0);
    const count = Number(options.get("count") ?? 1);
    switch (verb) {
      case "cluster":
        this.#start(options);
        return;
      case "messages":
        this.#showsMessages = words[0] === "on";
        return;
      case "tick":
        for (let n = 0; n < count; n += 1) cluster!.act(id, (raft) => raft.tick());
        return;
      case "run":
        this.#runTicks(Number(options.get("ticks") ?? 1), words);
        return;
      case "settle":
        this.#settle();
        return;
      case "campaign":
        cluster!.act(id, (raft) => raft.campaign());
        return;
      case "propose":
        this.#propose(id, words[1] ?? "x", count);
        return;
      case "read":
        this.#tellFirst(() => `${id}: asks read ${cluster!.read(id)}`);
        return;
      case "transfer":
        this.#transfer(id, BigInt(options.get("to") ?? 0));
        return;
      case "change":
        this.#change(id, words[1] as MembershipChangeType, BigInt(words[2] ?? 0));
        return;
      case "join":
        cluster!.join(id);
        return;
      case "crash":
        cluster!.crash(id, Number(options.get("writes-kept") ?? 0));
        return;
      case "restart":
        this.#roles.delete(id);
        this.#leaders.delete(id);
        cluster!.restart(id);
        return;
      case "partition":
        cluster!.partition(...groupsOf(words));
        return;
      case "cut":
        for (const from of groupsOf(words)[0]!) {
          for (const to of groupsOf(words)[1]!) cluster!.block(from, to);
        }
        return;
      case "heal":
        cluster!.heal();
        return;
      case "hold-disk":
        this.#heldDisks.add(id);
        return;
      case "release-disk":
        this.#heldDisks.delete(id);
        return;
      case "write":
        for (let n = 0; n < count; n += 1) cluster!.finishWrite(id);
        return;
      case "deliver":
        this.#deliver(options, false);
        return;
      case "lose":
        this.#deliver(options, true);
        return;
      case "compact":
        cluster!.members.get(id)!.compact(Number(options.get("to")));
        cluster!.turn(id);
        return;
      case "status":
        this.#status();
        return;
      case "log":
        this.#log(id);
        return;
      case "progress":
        for (const { id: peer, match, next, state } of cluster!.raft(id).progress) {
          this.#lines.push(`${id}: sees ${peer} ${state} match ${match} next ${next}`);
        }
        return;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #start(options: ReadonlyMap<string, string>): void {
    const config: Record<string, number | boolean> = {};
    for (const [key, value] of options) {
      if (key === "members" || key === "leader" || key === "seed") continue;
      config[key] = value === "true" || value === "false" ? value === "true" : Number(value);
    }
    const size = Number(options.get("members") ?? 3);
    const cluster = new Cluster({
      seed: Number(options.get("seed") ?? 1),
      voters: Array.from({ length: size }, (_, index) => BigInt(index + 1)),
      config: config as Partial<RaftConfig>,
    });
    this.#cluster = cluster;
    cluster.onReady = (member, ready) => this.#onReady(member, ready);
    cluster.onSend = (message) => {
      if (this.#showsMessages) this.#lines.push(`  ${describe(message)}`);
    };
    const leader = options.get("leader");
    if (leader === undefined) return;
    cluster.act(BigInt(leader), (raft) => raft.campaign());
    this.#settle();
    for (const { id } of cluster.running) cluster.act(id, (raft) => raft.tick());
    this.#settle();
    this.#lines = [];
  }

  #runTicks(ticks: number, words: readonly string[]): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      for (const { id } of this.#members.running) {
        if (words.length > 0 && !words.includes(`${id}`)) continue;
        this.#members.act(id, (raft) => raft.tick());
      }
      this.#settle();
    }
  }

  /** As Cluster.settle, but held disks stay held. */
  #settle(): void {
    const cluster = this.#members;
    for (;;) {
      const writer = cluster.running.find(
        (member) => member.writes.length > 0 && !this.#heldDisks.has(member.id),
      );
      if (writer !== undefined) cluster.finishWrite(writer.id);
      else if (cluster.flying.length > 0) cluster.deliver(0);
      else return;
    }
  }

  /** What was asked comes before what it caused. */
  #tellFirst(action: () => string): void {
    const before = this.#lines;
    this.#lines = [];
    const line = action();
    this.#lines = [...before, line, ...this.#lines];
  }

  #propose(id: MemberId, text: string, count: number): void {
    const data = new TextEncoder().encode(text);
    this.#tellFirst(() => {
      const results = this.#members.act(id, (raft) =>
        Array.from({ length: count }, () => raft.propose(data)),
      );
      const told = results.map((result) => (result.ok ? `at ${result.index}` : result.code));
      return `${id}: proposes ${text}: ${told.join(", ")}`;
    });
  }

  #transfer(id: MemberId, to: MemberId): void {
    this.#tellFirst(() => {
      const result = this.#members.act(id, (raft) => raft.transferLeadership(to));
      return `${id}: transfers to ${to}: ${result.ok ? "tries" : result.code}`;
    });
  }

  #change(id: MemberId, type: MembershipChangeType, subject: MemberId): void {
    this.#tellFirst(() => {
      const result = this.#members.act(id, (raft) => raft.proposeMembership({ type, id: subject }));
      return `${id}: proposes to ${type} ${subject}: ${result.ok ? `at ${result.index}` : result.code}`;
    });
  }

  #deliver(options: ReadonlyMap<string, string>, lose: boolean): void {
    const cluster = this.#members;
    const isMeant = ({ from, to, type }: Message) =>
      matches(options.get("from"), `${from}`) &&
      matches(options.get("to"), `${to}`) &&
      matches(options.get("type"), type);
    const many = cluster.flying.filter(({ message }) => isMeant(message));
    const count = Number(options.get("count") ?? many.length);
    const again = options.get("again") === "true";
    for (const flying of many.slice(0, count)) {
      const position = cluster.flying.indexOf(flying);
      if (lose) cluster.lose(position);
      else cluster.deliver(position, again);
    }
    if (many.length === 0) this.#lines.push("(no such message)");
  }

  #status(): void {
    for (const [id, { raft, appliedIndex }] of this.#members.members) {
      if (raft === null) {
        this.#lines.push(`${id}: down`);
        continue;
      }
      const { role, term, leader, lastIndex, commitIndex } = raft;
      this.#lines.push(
        `${id}: ${role} term ${term} leader ${leader} last ${lastIndex} commit ${commitIndex} applied ${appliedIndex}`,
      );
    }
  }

  #log(id: MemberId): void {
    const { log } = this.#members.raft(id).inner;
    const entries = log
      .slice(log.firstIndex, log.lastIndex + 1)
      .map(({ index, term, kind, data }) => {
        const text = kind === "membership" ? kind : new TextDecoder().decode(data) || "no-op";
        return `${index}@${term}:${text}`;
      });
    this.#lines.push(`${id}: log ${entries.join(" ") || "empty"}`);
  }

  #onReady(member: SimulatedMember, ready: Ready): void {
    const { id } = member;
    this.#tellRole(member, ready.roleChange);
    if (ready.membership !== null) {
      const { voters, learners } = ready.membership;
      const learning = learners.length > 0 ? ` learners ${learners.join(" ")}` : "";
      this.#lines.push(`${id}: membership is voters ${voters.join(" ")}${learning}`);
    }
    if (ready.snapshot !== null) {
      this.#lines.push(`${id}: installs the snapshot at ${ready.snapshot.index}`);
    }
    const { snapshot, entries } = member.durable;
    const first = ready.entries[0];
    if (first !== undefined && first.index <= snapshot.index + entries.length) {
      this.#lines.push(`${id}: overwrites from ${first.index}`);
    }
    if (ready.committed.length > 0) {
      const from = ready.committed[0]!.index;
      const to = ready.committed.at(-1)!.index;
      this.#lines.push(`${id}: applies ${from === to ? from : `${from}-${to}`}`);
    }
    for (const { readId, index } of ready.reads) {
      this.#lines.push(`${id}: read ${readId} served at ${index}`);
    }
    for (const readId of ready.refusedReads) this.#lines.push(`${id}: read ${readId} refused`);
  }

  #tellRole({ id }: SimulatedMember, change: Ready["roleChange"]): void {
    if (change === null) return;
    const { role, leader, term } = change;
    const before = this.#roles.get(id) ?? "follower";
    const leaderBefore = this.#leaders.get(id) ?? 0n;
    this.#roles.set(id, role);
    this.#leaders.set(id, leader);
    if (role !== before) this.#lines.push(`${id}: ${before} -> ${role}, term ${term}`);
    if (leader === leaderBefore || leader === id) return;
    if (leader !== 0n) this.#lines.push(`${id}: follows ${leader}, term ${term}`);
    else if (role === before) this.#lines.push(`${id}: has no leader, term ${term}`);
  }
}

function matches(wanted: string | undefined, actual: string): boolean {
  return wanted === undefined || wanted === actual;
}

/** `1 | 2 3` or `1 -> 2 3`. */
function groupsOf(words: readonly string[]): MemberId[][] {
  return words
    .join(" ")
    .split(/\||->/)
    .map((group) => group.trim().split(" ").filter(Boolean).map(BigInt));
}

function parse(line: string): Command {
  const [verb, ...rest] = line.trim().split(/\s+/);
  const words = rest.filter((word) => !word.includes("="));
  const options = new Map(
    rest
      .filter((word) => word.includes("="))
      .map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
  return { verb: verb!, words, options };
}

function describe(message: Message): string {
  const { type, from, to, term } = message;
  const head = `${from} > ${to} ${type} t${term}`;
  switch (message.type) {
    case "append": {
      const { previousIndex, previousTerm, entries, commit } = message;
      return `${head} after ${previousIndex}@${previousTerm} entries ${entries.length} commit ${commit}`;
    }
    case "append-response":
      return message.rejected
        ? `${head} rejects ${message.index}, hint ${message.hintIndex}@${message.hintTerm}`
        : `${head} has ${message.index}`;
    case "heartbeat":
      return `${head} commit ${message.commit} round ${message.readSequence}`;
    case "heartbeat-response":
      return `${head} round ${message.readSequence}`;
    case "pre-vote":
    case "vote":
      return `${head} last ${message.lastIndex}@${message.lastTerm}`;
    case "pre-vote-response":
    case "vote-response":
      return `${head} ${message.granted ? "yes" : "no"}`;
    case "install-snapshot":
      return `${head} at ${message.snapshot.index}@${message.snapshot.term}`;
    case "timeout-now":
      return head;
    // The names of forwarded reads are random.
    case "read-index":
      return head;
    case "read-index-response":
      return message.index < 0 ? `${head} refused` : `${head} at ${message.index}`;
    // So are those of recoveries.
    case "log-lost":
      return `${head} verified ${message.verifiedIndex} last ${message.lastIndex}`;
    case "log-lost-response":
      return `${head} last ${message.lastIndex}`;
  }
}
