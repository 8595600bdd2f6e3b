import type { ByteString } from "@conclave/base";
import { CommandKind } from "@conclave/state-machine";
import { Cluster, type SimulatedMember } from "@conclave/testing/cluster";
import { AlarmType, CompactionRequest, LeaseGrantRequest, PutRequest } from "@conclave/wire";

const NOBODY = { onEvent: () => {} };

/** A simulated cluster whose clock a test moves by hand, and whose members it talks to without a network. */
export class SmallCluster {
  readonly cluster: Cluster;
  #count = 0;

  constructor(size: number, seed: number, snapshotCount = 1_000) {
    this.cluster = new Cluster({
      seed,
      size,
      disk: { syncMsMax: 1, flushMsMax: 50 },
      network: { delayMsMax: 1 },
      heartbeatIntervalMs: 100,
      electionTimeoutMs: 1_000,
      preVote: true,
      snapshotCount,
      keptEntriesMax: 20,
    });
    for (const member of this.cluster.members) member.start();
  }

  member(at: number): SimulatedMember {
    const member = this.cluster.members[at];
    if (member === undefined) throw new Error(`no member ${at}`);
    return member;
  }

  get leader(): SimulatedMember | undefined {
    return this.cluster.running.find(({ node }) => node?.member.raft.role === "leader");
  }

  /** Lets time pass until something is so. @throws Error with the last lines of the trace if it takes too long */
  async until(what: string, isSo: () => boolean, withinMs = 30_000): Promise<void> {
    const { clock, trace } = this.cluster;
    if (isSo() || (await this.cluster.run(clock.nowMs() + withinMs, NOBODY, isSo))) return;
    throw new Error([`never: ${what}`, ...trace.lastLines.slice(-60)].join("\n"));
  }

  async pass(ms: number): Promise<void> {
    await this.cluster.run(this.cluster.clock.nowMs() + ms, NOBODY);
  }

  /** Puts through a member; whether it was answered. */
  async put(key: string, value: string, by = this.leader): Promise<boolean> {
    const body = PutRequest.encode({ key: Buffer.from(key), value: Buffer.from(value) });
    return (await this.execute(CommandKind.PUT, body, by)) === "put";
  }

  /** Writes as clients do: many keys, over and over, with leases and compactions. */
  async work(commands: number): Promise<void> {
    for (let done = 0; done < commands; done += 1) {
      this.#count += 1;
      const count = this.#count;
      const revision = this.leader?.node?.member.machine.revision ?? 0;
      if (count % 50 === 49) {
        await this.execute(CommandKind.COMPACT, CompactionRequest.encode({ revision }));
      } else if (count % 20 === 19) {
        const grant = LeaseGrantRequest.encode({ ID: BigInt(count), TTL: 600 });
        await this.execute(CommandKind.LEASE_GRANT, grant);
      } else await this.put(`key ${count % 17}`, `value ${count}`);
    }
  }

  async execute(kind: CommandKind, body: Uint8Array, by = this.leader): Promise<string> {
    let outcome = "";
    by?.node?.member.propose(kind, body, {
      onResult: (result) => {
        outcome = result.kind === "refused" ? result.refusal : result.kind;
      },
      onRefused: (error) => {
        outcome = error.message;
      },
    });
    await this.until("a command is answered", () => outcome !== "");
    return outcome;
  }

  /** Crashes a member, changes its stored state, and starts it again. */
  async damage(member: SimulatedMember, change = flipABit): Promise<void> {
    await this.pass(100);
    member.crash();
    member.disk.damageState(change);
    member.start();
    await this.until("the damaged member is back", () => member.node !== null);
  }

  /** Ids that the CORRUPT alarm is raised for, as a member sees them. */
  corrupt(member: SimulatedMember | undefined): bigint[] {
    const machine = member?.node?.member.machine;
    return machine?.alarms(AlarmType.CORRUPT).map(({ memberID }) => memberID) ?? [];
  }

  isQuarantined(member: SimulatedMember): boolean {
    return member.node?.member.stateGuard.quarantine.isQuarantined ?? false;
  }

  /** Whether all members run, at the same index, in the same state, and none is under an alarm. */
  get isSound(): boolean {
    const machines = this.cluster.members.map(({ node }) => node?.member.machine);
    const [first] = machines;
    if (first === undefined) return false;
    return machines.every(
      (machine) =>
        machine?.isLoaded === true &&
        machine.alarms().length === 0 &&
        machine.appliedIndex === first.appliedIndex &&
        machine.stateHash() === first.stateHash(),
    );
  }

  hasLogged(text: string): boolean {
    return this.cluster.trace.lastLines.some((line) => line.includes(text));
  }
}

/** Changes the last byte of the last value. */
function flipABit(records: Map<string, Uint8Array>): void {
  const key = [...records.keys()]
    .filter((name) => name.startsWith("k"))
    .sort()
    .at(-1);
  if (key === undefined) throw new Error("nothing to damage");
  const pair = Uint8Array.from(records.get(key) ?? []);
  const at = pair.lastIndexOf("v".charCodeAt(0));
  pair[at] = (pair[at] ?? 0) ^ 1;
  records.set(key, pair);
}

/** Loses the newest revision. */
export function loseARecord(records: Map<string, Uint8Array>): void {
  const key = [...records.keys()]
    .filter((name) => name.startsWith("k"))
    .sort()
    .at(-1);
  records.delete(key as ByteString);
}
