import type { ChaosCluster, ChaosMember } from "../cluster.ts";
import type { PlannedFault } from "./plan.ts";

/** A fault that has begun. */
export interface ActiveFault {
  /** What it does and to whom. */
  readonly text: string;
  end(): Promise<void>;
}

/** What a fault is done with. */
export interface FaultScene {
  readonly cluster: ChaosCluster;
  readonly plan: PlannedFault;
  /** The member that it is for. */
  readonly member: ChaosMember;
  /** Takes members for a fault of their processes; false if another has one of them. */
  take(members: readonly ChaosMember[]): boolean;
  leave(members: readonly ChaosMember[]): void;
}

/** Null: it cannot be done now. */
export type BeginFault = (scene: FaultScene) => Promise<ActiveFault | null>;

export function itemAt<Item>(items: readonly Item[], share: number): Item {
  const item = items[Math.min(items.length - 1, Math.floor(share * items.length))];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
}

export function othersOf(cluster: ChaosCluster, ...members: readonly ChaosMember[]): ChaosMember[] {
  return cluster.members.filter((member) => !members.includes(member));
}
