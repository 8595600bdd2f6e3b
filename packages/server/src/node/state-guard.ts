import type { Clock } from "@conclave/base";
import type { MemberId, Raft } from "@conclave/raft";
import { Status } from "@conclave/rpc";
import type { StateMachine } from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";
import type { Logger } from "../observe/logger.ts";
import { formatId, PeerPath } from "../peer/peer-protocol.ts";
import { decodeCheckpoints, encodeNumbers } from "../peer/peer-service.ts";
import type { PeerTransport } from "../peer/peer-transport.ts";
import type { SnapshotReceiver } from "../peer/snapshot-receiver.ts";
import type { StateInstall } from "../storage/state-install.ts";
import type { ClusterAlarms } from "./cluster-alarms.ts";
import { Quarantine } from "./quarantine.ts";
import type { RaftDriver } from "./raft-driver.ts";
import { STATE_COMPARISON_INTERVAL_MS, StateComparison } from "./state-comparison.ts";
import { StateRepair } from "./state-repair.ts";

const NO_BYTES = new Uint8Array(0);

export interface StateGuardOptions {
  readonly self: MemberId;
  readonly raft: Raft;
  readonly machine: StateMachine;
  readonly driver: RaftDriver;
  readonly alarms: ClusterAlarms;
  readonly transport: PeerTransport;
  readonly snapshots: SnapshotReceiver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly replaceState: (state: StateInstall) => Promise<void>;
  /** Gives leadership away. */
  readonly handOver: () => Promise<void>;
  readonly onRefusing: (error: EtcdError) => void;
}

/** Sees to it that this member's state is the cluster's: compares as leader, stands back and repairs as the odd one out. */
export class StateGuard {
  readonly quarantine: Quarantine;
  readonly comparison: StateComparison;
  readonly #repair: StateRepair;
  readonly #o: StateGuardOptions;
  #nextComparisonMs = 0;
  #isHandingOver = false;
  /** States of this member that were replaced by the leader's. Count. */
  repairs = 0;

  constructor(options: StateGuardOptions) {
    const { self, raft, machine, driver, alarms, logger } = options;
    this.#o = options;
    this.quarantine = new Quarantine({
      self,
      machine,
      onRefusing: options.onRefusing,
      onChange: (isQuarantined) => this.#onQuarantine(isQuarantined),
    });
    this.comparison = new StateComparison({
      self,
      machine,
      alarms,
      logger,
      isLeading: () => driver.isLeading,
      voters: () => raft.membership.voters,
      ask: (member, answer) => {
        options.transport.call(member, PeerPath.checkpoints, NO_BYTES, (status, body) => {
          answer(status.code === Status.OK && body !== null ? decodeCheckpoints(body) : null);
        });
      },
    });
    this.#repair = this.#makeRepair();
  }

  /** Called at every heartbeat interval. */
  onTick(nowMs: number): void {
    if (this.quarantine.isQuarantined) {
      if (this.#o.raft.role === "leader") this.#maybeHandOver();
      else this.#repair.maybeBegin();
    }
    if (nowMs < this.#nextComparisonMs) return;
    this.#nextComparisonMs = nowMs + STATE_COMPARISON_INTERVAL_MS;
    this.comparison.compare();
  }

  #makeRepair(): StateRepair {
    const { self, raft, machine, driver, transport, snapshots, clock, logger } = this.#o;
    return new StateRepair({
      clock,
      leader: () => (raft.leader === self ? 0n : raft.leader),
      appliedIndex: () => machine.appliedIndex,
      holdApplying: () => driver.holdApplying(),
      releaseApplying: () => driver.releaseApplying(machine.appliedIndex),
      hasCommitted: (index) => driver.hasCommitted(index),
      askForState: (leader, indexMin, onAnswer) => {
        transport.call(leader, PeerPath.stateWanted, encodeNumbers(indexMin), ({ code }) => {
          onAnswer(code === Status.OK);
        });
      },
      awaitState: (onState) => snapshots.awaitState(onState),
      replaceState: this.#o.replaceState,
      onRepaired: ({ index }) => {
        this.repairs += 1;
        logger.info("the state was replaced by the leader's", { index });
      },
      onFailed: (reason) => logger.warn("the state was not replaced yet", { reason }),
    });
  }

  #onQuarantine(isQuarantined: boolean): void {
    const { logger, self, machine } = this.#o;
    const fields = { member: formatId(self), index: machine.appliedIndex };
    if (isQuarantined) {
      logger.error(
        "quarantine: this member's state differs from the majority's; it answers no clients and does not lead until its state is replaced by the leader's",
        fields,
      );
    } else logger.info("out of quarantine: this member's state is the majority's", fields);
  }

  #maybeHandOver(): void {
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    this.#o.handOver().finally(() => {
      this.#isHandingOver = false;
    });
  }
}
