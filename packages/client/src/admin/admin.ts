import {
  AlarmAction,
  AlarmType,
  Cluster,
  DowngradeAction,
  Maintenance,
  type Member as WireMember,
} from "@conclave/wire";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import type { Transport } from "../transport/transport.ts";
import { readSnapshotBytes, saveSnapshotBytes } from "./snapshot-bytes.ts";

/** One member of the cluster. */
export interface ClusterMember {
  /** Never changes, not even with the name. */
  readonly id: bigint;
  /** Empty until it was started for the first time. */
  readonly name: string;
  /** Where the other members reach it. */
  readonly peerUrls: readonly string[];
  /** Empty until it was started for the first time. */
  readonly clientUrls: readonly string[];
  /** It gets the log but has no vote. */
  readonly isLearner: boolean;
}

/** How one member is. */
export interface MemberStatus {
  /** The member that answered. */
  readonly id: bigint;
  /** The cluster it is part of. */
  readonly clusterId: bigint;
  /** Version of its server, or of the etcd that it speaks like. */
  readonly version: string;
  /** The leader it knows; 0n for none. */
  readonly leaderId: bigint;
  /** It gets the log but has no vote. */
  readonly isLearner: boolean;
  /** Term of the log. */
  readonly raftTerm: number;
  /** Index up to which its log is committed. */
  readonly raftIndex: number;
  /** Index up to which its store has applied the log. */
  readonly raftAppliedIndex: number;
  /** Store revision. */
  readonly revision: number;
  /** Size of its store on disk, bytes. */
  readonly sizeBytes: number;
  /** Part of it that is in use; the rest {@link Admin.defragment} gives back. Bytes. */
  readonly sizeInUseBytes: number;
  /** What is wrong, in the server's words. */
  readonly errors: readonly string[];
}

/** An alarm that a member raised: it refuses writes until the alarm is taken back. */
export interface Alarm {
  /** The member that raised it. */
  readonly memberId: bigint;
  /** What is wrong: the quota is used up, or members hold different data. */
  readonly kind: "NOSPACE" | "CORRUPT";
}

/**
 * The members of the cluster and their upkeep. What says "a member" asks any one; to ask a certain one, connect to it alone.
 * A server that does not serve a method answers with UNIMPLEMENTED.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 *
 * await using one = await connect("http://127.0.0.1:2379");
 * const { sizeBytes, sizeInUseBytes } = await one.admin.status();
 * if (sizeInUseBytes < sizeBytes / 2) await one.admin.defragment({ timeout: "1m" });
 * ```
 */
export class Admin {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All members, learners too. */
  async members(options: CallOptions = {}): Promise<readonly ClusterMember[]> {
    const { members } = await this.#transport.call(
      Cluster.MemberList,
      { linearizable: true },
      "read",
      limitsOf(options),
    );
    return members.map(memberFrom);
  }

  /** Makes room for a member, to be started then. @throws ConclaveError FAILED_PRECONDITION if it would endanger the quorum */
  async addMember(
    peerUrls: readonly string[],
    options: CallOptions & { readonly isLearner?: boolean } = {},
  ): Promise<ClusterMember> {
    const request = { peerURLs: peerUrls, isLearner: options.isLearner ?? false };
    const limits = limitsOf(options);
    const { member } = await this.#transport.call(Cluster.MemberAdd, request, "once", limits);
    return memberFrom(member!);
  }

  /** Removes a member from the cluster. @throws ConclaveError FAILED_PRECONDITION if too few would be left */
  async removeMember(id: bigint, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Cluster.MemberRemove, { ID: id }, "once", limitsOf(options));
  }

  /** Tells where a member is reached by its peers. */
  async updateMember(
    id: bigint,
    peerUrls: readonly string[],
    options: CallOptions = {},
  ): Promise<void> {
    const request = { ID: id, peerURLs: peerUrls };
    await this.#transport.call(Cluster.MemberUpdate, request, "idempotent", limitsOf(options));
  }

  /** Gives a learner its vote. @throws ConclaveError FAILED_PRECONDITION while it is too far behind */
  async promoteMember(id: bigint, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Cluster.MemberPromote, { ID: id }, "once", limitsOf(options));
  }

  /** How a member is. */
  async status(options: CallOptions = {}): Promise<MemberStatus> {
    const status = await this.#transport.call(Maintenance.Status, {}, "read", limitsOf(options));
    return {
      id: status.header?.memberId ?? 0n,
      clusterId: status.header?.clusterId ?? 0n,
      version: status.version,
      leaderId: status.leader,
      isLearner: status.isLearner,
      raftTerm: status.raftTerm,
      raftIndex: status.raftIndex,
      raftAppliedIndex: status.raftAppliedIndex,
      revision: status.header?.revision ?? 0,
      sizeBytes: status.dbSize,
      sizeInUseBytes: status.dbSizeInUse,
      errors: status.errors,
    };
  }

  /** The alarms that are raised. */
  async alarms(options: CallOptions = {}): Promise<readonly Alarm[]> {
    const request = { action: AlarmAction.GET };
    const { alarms } = await this.#transport.call(
      Maintenance.Alarm,
      request,
      "read",
      limitsOf(options),
    );
    return alarms.map(({ memberID, alarm }) => ({
      memberId: memberID,
      kind: alarm === AlarmType.CORRUPT ? "CORRUPT" : "NOSPACE",
    }));
  }

  /** Takes an alarm back: to be called once its reason is gone. */
  async disarm({ memberId, kind }: Alarm, options: CallOptions = {}): Promise<void> {
    const request = {
      action: AlarmAction.DEACTIVATE,
      memberID: memberId,
      alarm: AlarmType[kind],
    };
    await this.#transport.call(Maintenance.Alarm, request, "idempotent", limitsOf(options));
  }

  /** Gives a member's unused space back to its disk. The member answers nobody meanwhile, so set a long `timeout`. */
  async defragment(options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Maintenance.Defragment, {}, "once", limitsOf(options));
  }

  /** A hash of a member's keys up to `revision` (0: the latest); equal on all members that compacted at the same revision. */
  async hashKv(
    revision = 0,
    options: CallOptions = {},
  ): Promise<{ readonly hash: number; readonly compactRevision: number }> {
    const answer = await this.#transport.call(
      Maintenance.HashKV,
      { revision },
      "read",
      limitsOf(options),
    );
    return { hash: answer.hash, compactRevision: answer.compactRevision };
  }

  /** Makes another member the leader. Only the leader takes it: connect to it alone. */
  async moveLeader(targetId: bigint, options: CallOptions = {}): Promise<void> {
    const request = { targetID: targetId };
    await this.#transport.call(Maintenance.MoveLeader, request, "once", limitsOf(options));
  }

  /** A hash of a member's whole store as it is on disk; members differ in it also when their keys are equal. */
  async hash(options: CallOptions = {}): Promise<number> {
    return (await this.#transport.call(Maintenance.Hash, {}, "read", limitsOf(options))).hash;
  }

  /**
   * Prepares the cluster for an older version, such as `"3.5.0"`, or takes that back. etcd 3.6 and later.
   * - `validate`: says whether it could be done
   * - `enable`: lets members of the older version join
   * - `cancel`: takes `enable` back
   * @returns the version of the cluster now
   */
  async downgrade(
    action: "validate" | "enable" | "cancel",
    version = "",
    options: CallOptions = {},
  ): Promise<string> {
    const request = { action: DOWNGRADE[action], version };
    const effect = action === "validate" ? "read" : "idempotent";
    const limits = limitsOf(options);
    return (await this.#transport.call(Maintenance.Downgrade, request, effect, limits)).version;
  }

  /**
   * A copy of a member's whole store, as the bytes of the file that `etcdctl snapshot restore` takes. The server is asked for
   * more as they are read. Reading rejects if the copy breaks off, or with `signal`.
   */
  async snapshot(
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return readSnapshotBytes(this.#transport, options.signal);
  }

  /**
   * Writes {@link Admin.snapshot} to a file, which is there only once it is whole and its checksum is right.
   * @returns its size, bytes
   * @throws ConclaveError CORRUPT; what writing fails with
   */
  async saveSnapshot(
    path: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    return saveSnapshotBytes(readSnapshotBytes(this.#transport, options.signal), path);
  }
}

const DOWNGRADE = {
  validate: DowngradeAction.VALIDATE,
  enable: DowngradeAction.ENABLE,
  cancel: DowngradeAction.CANCEL,
} as const;

function memberFrom(wire: WireMember): ClusterMember {
  return {
    id: wire.ID,
    name: wire.name,
    peerUrls: wire.peerURLs,
    clientUrls: wire.clientURLs,
    isLearner: wire.isLearner,
  };
}
