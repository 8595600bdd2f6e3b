import { setTimeout as sleep } from "node:timers/promises";
import type { ChaosCluster, ChaosMember } from "../cluster.ts";
import { type ActiveFault, type BeginFault, type FaultScene, itemAt } from "./active-fault.ts";
import { clockStep } from "./clock-faults.ts";
import { bridge, isolate, loss, oneWayCut, reset, slow, split } from "./network-faults.ts";
import type { FaultKind, PlannedFault } from "./plan.ts";
import { kill, killAll, rollingRestart, stop, terminate } from "./process-faults.ts";
import { replace } from "./replacement.ts";

const BEGINNINGS: Readonly<Record<FaultKind, BeginFault>> = {
  kill,
  "kill-all": killAll,
  stop,
  terminate,
  "rolling-restart": rollingRestart,
  replace,
  isolate,
  "one-way-cut": oneWayCut,
  bridge,
  split,
  loss,
  reset,
  slow,
  "clock-step": clockStep,
};

/** Between two looks at whether a member that is needed is free. */
const POLL_MS = 20;

/** Plays a plan: faults begin one after the other and may overlap; in the end all of them are over. */
export class FaultPlayer {
  readonly #cluster: ChaosCluster;
  readonly #note: (text: string) => void;
  /** Members whose process a fault has. */
  readonly #taken = new Set<ChaosMember>();
  /** How many of each kind have begun. */
  readonly counts = new Map<FaultKind, number>();

  constructor(cluster: ChaosCluster, note: (text: string) => void) {
    this.#cluster = cluster;
    this.#note = note;
  }

  /** @throws what a fault threw; a member that ended by itself is one too */
  async play(plans: readonly PlannedFault[]): Promise<void> {
    const endings: Promise<void>[] = [];
    const failures: unknown[] = [];
    for (const plan of plans) {
      const fault = await this.#begin(plan, failures);
      this.counts.set(plan.kind, (this.counts.get(plan.kind) ?? 0) + 1);
      this.#note(fault.text);
      const ending = sleep(plan.holdMs)
        .then(() => fault.end())
        .then(() => this.#note(`end of ${fault.text}`));
      ending.catch((error: unknown) => failures.push(error));
      endings.push(ending);
      await sleep(plan.nextAfterMs);
      if (failures.length > 0) throw failures[0];
      this.checkRunning();
    }
    await Promise.all(endings);
    this.checkRunning();
  }

  /** Whatever nobody killed has to be alive. */
  checkRunning(): void {
    for (const member of this.#cluster.members) {
      if (this.#taken.has(member) || member.process.running) continue;
      throw new Error(`${member.name} ended by itself\n${member.process.logTail()}`);
    }
  }

  /** Waits until the members that it is for are free. One whose fault failed never is, so that is looked for, too. */
  async #begin(plan: PlannedFault, failures: readonly unknown[]): Promise<ActiveFault> {
    for (;;) {
      if (failures.length > 0) throw failures[0];
      const fault = await BEGINNINGS[plan.kind](await this.#sceneOf(plan));
      if (fault !== null) return fault;
      await sleep(POLL_MS);
    }
  }

  async #sceneOf(plan: PlannedFault): Promise<FaultScene> {
    const cluster = this.#cluster;
    const chosen = itemAt(cluster.members, plan.target);
    const leader = plan.isForLeader ? await cluster.leader().catch(() => null) : null;
    return {
      cluster,
      plan,
      member: leader ?? chosen,
      take: (members) => {
        if (members.some((member) => this.#taken.has(member))) return false;
        for (const member of members) this.#taken.add(member);
        return true;
      },
      leave: (members) => {
        for (const member of members) this.#taken.delete(member);
      },
    };
  }
}
