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

  /**
   * All members, learners too.
   * @throws ConclaveError NO_LEADER, UNAVAILABLE or TIMEOUT while there is no quorum; CANCELLED
   * @example
   * ```ts
   * for (const { id, name, clientUrls, isLearner } of await client.admin.members()) {
   *   console.log(id.toString(16), name, clientUrls.join(), isLearner ? "learner" : "voter");
   * }
   * ```
   */
  async members(options: CallOptions = {}): Promise<readonly ClusterMember[]> {
    const { members } = await this.#transport.call(
      Cluster.MemberList,
      { linearizable: true },
      "read",
      limitsOf(options),
    );
    return members.map(memberFrom);
  }

  /**
   * Makes room for a member, to be started then.
   * @throws ConclaveError FAILED_PRECONDITION if it would endanger the quorum
   * @example
   * ```ts
   * // Puts a new member in the place of one that will not come back.
   * async function replaceMember(deadId: bigint, peerUrl: string) {
   *   await client.admin.removeMember(deadId);
   *   const { id } = await client.admin.addMember([peerUrl], { isLearner: true });
   *   // … start it with --initial-cluster-state existing, and once it has caught up:
   *   await client.admin.promoteMember(id);
   * }
   * ```
   */
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

  /**
   * Tells where a member is reached by its peers.
   * @throws ConclaveError FAILED_PRECONDITION if there is no such member, or another one has an address of these
   * @example
   * ```ts
   * for (const { id, peerUrls } of await client.admin.members()) {
   *   await client.admin.updateMember(
   *     id,
   *     peerUrls.map((url) => url.replace("old-rack", "new-rack")),
   *   );
   * }
   * ```
   */
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

  /**
   * How a member is.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   * @example
   * ```ts
   * const status = await client.admin.status();
   * const { id, clusterId, leaderId, isLearner, version, revision, raftTerm, errors } = status;
   * const role = id === leaderId ? "leader" : isLearner ? "learner" : "follower";
   * console.log(`${role} of ${clusterId.toString(16)} in term ${raftTerm}: ${version}, at ${revision}`);
   * if (status.raftIndex - status.raftAppliedIndex > 1_000) console.log("applies slowly");
   * for (const error of errors) console.log(error);
   * ```
   */
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

  /**
   * The alarms that are raised.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   * @example
   * ```ts
   * for (const { memberId, kind } of await client.admin.alarms()) {
   *   console.log(`${kind} at member ${memberId.toString(16)}`);
   * }
   * ```
   */
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

  /**
   * Takes an alarm back: to be called once its reason is gone.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED; PERMISSION_DENIED on a server that asks who is there
   * @example
   * ```ts
   * for (const alarm of await client.admin.alarms()) {
   *   if (alarm.kind !== "NOSPACE") continue; // CORRUPT wants a person to look first
   *   await client.admin.defragment({ timeout: "1m" }); // … after old keys were deleted and compacted
   *   await client.admin.disarm(alarm);
   * }
   * ```
   */
  async disarm({ memberId, kind }: Alarm, options: CallOptions = {}): Promise<void> {
    const request = {
      action: AlarmAction.DEACTIVATE,
      memberID: memberId,
      alarm: AlarmType[kind],
    };
    await this.#transport.call(Maintenance.Alarm, request, "idempotent", limitsOf(options));
  }

  /**
   * Gives a member's unused space back to its disk. The member answers nobody meanwhile, so set a long `timeout`.
   * @throws ConclaveError TIMEOUT with outcome `"unknown"` if it took longer, for it goes on; UNAVAILABLE, CANCELLED
   */
  async defragment(options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Maintenance.Defragment, {}, "once", limitsOf(options));
  }

  /**
   * A hash of a member's keys up to `revision` (0: the latest); equal on all members that compacted at the same revision.
   * @throws CompactedError, or ConclaveError FUTURE_REVISION, for a revision the member does not have; UNAVAILABLE,
   *   TIMEOUT, CANCELLED
   * @example
   * ```ts
   * import { connect } from "@conclave/client";
   *
   * const hashes = new Set<number>();
   * for (const endpoint of ["http://127.0.0.1:2379"]) { // every member's
   *   await using one = await connect(endpoint);
   *   const { hash, compactRevision } = await one.admin.hashKv();
   *   console.log(endpoint, hash, `compacted at ${compactRevision}`);
   *   hashes.add(hash);
   * }
   * if (hashes.size > 1) console.log("members differ, or were written to in between");
   * ```
   */
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

  /**
   * Makes another member the leader. Only the leader takes it: connect to it alone.
   * @throws ConclaveError FAILED_PRECONDITION if the one that was asked does not lead, or there is no such member; TIMEOUT
   *   with outcome `"unknown"` if the other has not taken over in time
   * @example
   * ```ts
   * import { connect } from "@conclave/client";
   *
   * // Before the machine of the leader is serviced.
   * async function moveLeaderFrom(endpoint: string) {
   *   await using leader = await connect(endpoint);
   *   const { id } = await leader.admin.status();
   *   const others = (await leader.admin.members()).filter((each) => each.id !== id && !each.isLearner);
   *   if (others[0] !== undefined) await leader.admin.moveLeader(others[0].id);
   * }
   * ```
   */
  async moveLeader(targetId: bigint, options: CallOptions = {}): Promise<void> {
    const request = { targetID: targetId };
    await this.#transport.call(Maintenance.MoveLeader, request, "once", limitsOf(options));
  }

  /**
   * A hash of a member's whole store as it is on disk; members differ in it also when their keys are equal.
   * @throws ConclaveError UNAVAILABLE, TIMEOUT, CANCELLED
   * @example
   * ```ts
   * console.log(await client.admin.hash()); // to compare with the same member's after a restart
   * ```
   */
  async hash(options: CallOptions = {}): Promise<number> {
    return (await this.#transport.call(Maintenance.Hash, {}, "read", limitsOf(options))).hash;
  }

  /**
   * Prepares the cluster for an older version, such as `"3.5.0"`, or takes that back. etcd 3.6 and later.
   * - `validate`: says whether it could be done
   * - `enable`: lets members of the older version join
   * - `cancel`: takes `enable` back
   * @returns the version of the cluster now
   * @throws ConclaveError INVALID_ARGUMENT if the cluster cannot be of that version, FAILED_PRECONDITION while another downgrade
   *   is under way, or there is none to cancel
   * @example
   * ```ts
   * async function allowOlderMembers(version: string) {
   *   await client.admin.downgrade("validate", version); // rejects if it cannot be done
   *   console.log(await client.admin.downgrade("enable", version));
   * }
   * ```
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
   * more as they are read.
   * @throws (while it is read) ConclaveError UNAVAILABLE if the copy breaks off; CANCELLED
   * @example
   * ```ts
   * let sizeBytes = 0;
   * for await (const chunk of await client.admin.snapshot()) sizeBytes += chunk.length; // or send it on
   * console.log(sizeBytes);
   * ```
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
   * @example
   * ```ts
   * import { rm } from "node:fs/promises";
   * import { tmpdir } from "node:os";
   * import { join } from "node:path";
   *
   * const path = join(tmpdir(), `etcd-${process.pid}.db`);
   * const signal = AbortSignal.timeout(60_000);
   * console.log(`${await client.admin.saveSnapshot(path, { signal })} bytes in ${path}`);
   * // … send it to where backups are kept, then
   * await rm(path);
   * ```
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
