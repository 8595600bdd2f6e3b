import type { Clock } from "@conclave/base";
import type { Raft } from "@conclave/raft";
import type { StateMachine } from "@conclave/state-machine";
import { AlarmType } from "@conclave/wire";
import type { RaftDriver } from "./raft-driver.ts";

/** How often it is looked whether the successor leads. Milliseconds. */
const LOOK_MS = 2;

export interface HandOverParts {
  readonly raft: Raft;
  readonly machine: StateMachine;
  readonly driver: RaftDriver;
  readonly clock: Clock;
  readonly electionTimeoutMs: number;
}

/**
 * Hands leadership to the member that is furthest, if this one leads and another can be heard.
 * Resolves when it is handed over, or cannot be within an election timeout.
 */
export function handOver(parts: HandOverParts): Promise<void> {
  const { raft, machine, driver, clock } = parts;
  const target = raft.progress
    .filter(({ id, isActive }) => isActive && raft.membership.voters.includes(id))
    .filter(({ id }) => !machine.isAlarmRaisedFor(AlarmType.CORRUPT, id))
    .sort((a, b) => b.match - a.match)[0];
  if (target === undefined || !raft.transferLeadership(target.id).ok) return Promise.resolve();
  driver.wake();
  return new Promise((resolve) => {
    const deadlineMs = clock.nowMs() + parts.electionTimeoutMs;
    const look = (): void => {
      const { role, leader } = raft;
      const isHandedOver = role !== "leader" && leader !== 0n;
      if (isHandedOver || clock.nowMs() >= deadlineMs) resolve();
      else clock.setTimer(LOOK_MS, look);
    };
    look();
  });
}
