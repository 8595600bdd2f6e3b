import { crc32c } from "@conclave/base";
import { type RpcServer, Status, type UnaryCall, type UnaryHandler } from "@conclave/rpc";
import { CommandKind, errorOfRefusal } from "@conclave/state-machine";
import {
  AlarmAction,
  AlarmRequest,
  AlarmResponse,
  AlarmType,
  DefragmentResponse,
  HashKVRequest,
  HashKVResponse,
  HashResponse,
  Maintenance,
  StatusResponse,
} from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { Member } from "../node/member.ts";
import { RESERVED_KEYS } from "../storage/durable-state-store.ts";
import type { CallGuard } from "./call-guard.ts";
import { failWith } from "./errors.ts";
import { decoding } from "./validate.ts";
import { CommandCall } from "./waiters.ts";

/** What this member claims to be, beside what it knows of itself. */
export interface MaintenanceOptions {
  /** The etcd version claimed, and the cluster's: "3.6.14", "3.6.0". */
  readonly version: string;
  readonly clusterVersion: string;
  /** Infinity: none. */
  readonly quotaBytes: number;
}

/** What the store always holds beside keys: how far it is. Counted, so that no store looks empty. */
const BOOKKEEPING_BYTES = 64;

/** The Maintenance service, but for what changes the cluster. */
export function registerMaintenanceService(
  server: RpcServer,
  member: Member,
  guard: CallGuard,
  options: MaintenanceOptions,
): void {
  const forVoters = ({ path }: { readonly path: string }, handler: UnaryHandler): void => {
    server.unary(path, guard.exceptLearners(handler));
  };
  server.unary(Maintenance.Status.path, (call) => {
    void answerLater(call, () => status(member, options));
  });
  forVoters(Maintenance.Defragment, (call) => {
    void answerLater(call, async () => {
      await member.store.compactRange("", RESERVED_KEYS);
      return DefragmentResponse.encode({});
    });
  });
  forVoters(Maintenance.Hash, (call) => {
    void answerLater(call, () => hash(member));
  });
  forVoters(
    Maintenance.HashKV,
    decoding(HashKVRequest, (call, request) => {
      void answerLater(call, () => hashKv(call, member, request.revision));
    }),
  );
  forVoters(
    Maintenance.Alarm,
    decoding(AlarmRequest, (call, request, body) => alarm(call, member, request, body)),
  );
}

/** Answers with what a promise brings; null: it has answered itself. */
async function answerLater(
  call: UnaryCall,
  encode: () => Promise<Uint8Array | null>,
): Promise<void> {
  try {
    const answer = await encode();
    if (answer !== null) call.reply(answer);
  } catch (error) {
    call.fail(Status.INTERNAL, error instanceof Error ? error.message : String(error));
  }
}

async function status(member: Member, options: MaintenanceOptions): Promise<Uint8Array> {
  const { machine, raft, store } = member;
  const dbSizeInUse = machine.sizeBytes + BOOKKEEPING_BYTES;
  const dbSize = Math.max(await store.sizeBytes(), dbSizeInUse);
  const errors = machine.alarms().map(({ memberID, alarm: type }) => {
    return `memberID:${memberID} alarm:${type === AlarmType.NOSPACE ? "NOSPACE" : "CORRUPT"} `;
  });
  if (raft.leader === 0n) errors.push(EtcdErrors.noLeader.message);
  return StatusResponse.encode({
    header: member.header(machine.revision),
    version: options.version,
    dbSize,
    leader: raft.leader,
    raftIndex: raft.commitIndex,
    raftTerm: raft.term,
    raftAppliedIndex: machine.appliedIndex,
    errors,
    dbSizeInUse,
    isLearner: raft.role === "learner",
    storageVersion: options.clusterVersion,
    dbSizeQuota: Number.isFinite(options.quotaBytes) ? options.quotaBytes : 0,
    downgradeInfo: { enabled: false, targetVersion: "" },
  });
}

/** A hash of everything in the store: for tests, as in etcd. */
async function hash(member: Member): Promise<Uint8Array> {
  const snapshot = await member.store.snapshot();
  try {
    let crc = 0;
    for await (const chunk of snapshot.scan()) {
      for (const [key, value] of chunk)
        crc = crc32c(value, crc32c(Buffer.from(key, "latin1"), crc));
    }
    return HashResponse.encode({ header: member.header(member.machine.revision), hash: crc });
  } finally {
    await snapshot.close();
  }
}

async function hashKv(
  call: UnaryCall,
  member: Member,
  revision: number,
): Promise<Uint8Array | null> {
  const result = await member.hashKv(revision);
  if ("refusal" in result) {
    failWith(call, errorOfRefusal(result.refusal));
    return null;
  }
  return HashKVResponse.encode({
    header: member.header(member.machine.revision),
    hash: result.digest(),
    compactRevision: result.compactRevision,
    hashRevision: result.revision,
  });
}

function alarm(call: UnaryCall, member: Member, request: AlarmRequest, body: Uint8Array): void {
  if (request.action === AlarmAction.GET) {
    const alarms = member.machine.alarms(request.alarm);
    const header = member.header(member.machine.revision);
    call.reply(AlarmResponse.encode({ header, alarms }));
    return;
  }
  const waiter = new CommandCall(call, "alarm", ({ alarms, revision }) =>
    AlarmResponse.encode({ header: member.header(revision), alarms }),
  );
  member.propose(CommandKind.ALARM, body, waiter);
}
