import type { RpcServer, StreamOpener } from "@conclave/rpc";
import {
  type CampaignRequest,
  type CampaignResponseInit,
  CompareResult,
  CompareTarget,
  Election,
  type KeyValue,
  type LeaderKey,
  type LeaderRequest,
  type LeaderResponseInit,
  type ProclaimRequest,
  type ResignRequest,
  type ResponseHeader,
  SortOrder,
  SortTarget,
  type TxnResponse,
} from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { serveAbortable, serveAbortableStream } from "./abortable.ts";
import type { CallGuard } from "./call-guard.ts";
import { EtcdFailure } from "./errors.ts";
import { type LocalClient, prefixEnd, toBytes, toText } from "./local-client.ts";
import { joinQueue, leaseOrNew, waitInQueue } from "./queue-entry.ts";

/**
 * The v3election service (etcd 3.2): the leader is the lowest create revision under `<name>/`, its value is what it
 * proclaimed. Shares the queue with Go's `concurrency.Election` and `etcdctl elect`.
 */
export function registerElectionService(
  server: RpcServer,
  client: LocalClient,
  guard: CallGuard,
): void {
  const serve = (path: string, opener: StreamOpener): void => {
    server.stream(path, guard.guardStream(opener));
  };
  serve(
    Election.Campaign.path,
    serveAbortable(Election.Campaign, (request, signal) => campaign(client, request, signal)),
  );
  serve(
    Election.Proclaim.path,
    serveAbortable(Election.Proclaim, async (request) => ({
      header: await proclaim(client, request),
    })),
  );
  serve(
    Election.Leader.path,
    serveAbortable(Election.Leader, (request) => leader(client, request)),
  );
  serve(
    Election.Resign.path,
    serveAbortable(Election.Resign, async (request) => ({
      header: await resign(client, request),
    })),
  );
  serve(
    Election.Observe.path,
    serveAbortableStream(Election.Observe, (request, signal, send) =>
      observe(client, request, signal, send),
    ),
  );
}

async function campaign(
  client: LocalClient,
  request: CampaignRequest,
  signal: AbortSignal,
): Promise<CampaignResponseInit> {
  const { name, value } = request;
  const lease = await leaseOrNew(client, request.lease);
  signal.throwIfAborted();
  const prefix = prefixOf(name);
  const entry = await joinQueue(client, { prefix, lease, value });
  const leader = { name, key: entry.key, rev: entry.createRevision, lease };
  if (entry.existed) await putIfMine(client, leader, value);
  const header = await waitInQueue(client, prefix, entry, EtcdErrors.electionNotLeader, signal);
  return { leader, header };
}

async function proclaim(client: LocalClient, request: ProclaimRequest): Promise<ResponseHeader> {
  if (request.leader === null) throw new EtcdFailure(EtcdErrors.electionMissingLeaderKey);
  const answer = await putIfMine(client, request.leader, request.value);
  if (!answer.succeeded) throw new EtcdFailure(EtcdErrors.electionNotLeader);
  return answer.header ?? client.header();
}

/** Giving up a leadership that is lost already is no error. */
async function resign(client: LocalClient, request: ResignRequest): Promise<ResponseHeader> {
  if (request.leader === null) throw new EtcdFailure(EtcdErrors.electionMissingLeaderKey);
  const answer = await client.txn({
    compare: [isMine(request.leader)],
    success: [{ requestDeleteRange: { key: request.leader.key } }],
  });
  return answer.header ?? client.header();
}

async function leader(client: LocalClient, request: LeaderRequest): Promise<LeaderResponseInit> {
  const { kv, header } = await currentLeader(client, prefixOf(request.name));
  if (kv === null) throw new EtcdFailure(EtcdErrors.electionNoLeader);
  return { kv, header };
}

/** Every leader and everything it proclaims, from now on, until the caller goes away. */
async function observe(
  client: LocalClient,
  request: LeaderRequest,
  signal: AbortSignal,
  send: (response: LeaderResponseInit) => void,
): Promise<void> {
  const prefix = prefixOf(request.name);
  const range = { key: toBytes(prefix), rangeEnd: toBytes(prefixEnd(prefix)) };
  while (!signal.aborted) {
    const { kv, header } = await currentLeader(client, prefix);
    const startRevision = header.revision + 1;
    if (kv === null) {
      // Nobody leads: the next leader is the first to put a key.
      for await (const change of client.watch({ ...range, startRevision }, signal)) {
        if (change.kv !== null) break;
      }
      continue;
    }
    send({ kv, header });
    for await (const change of client.watch({ key: kv.key, startRevision }, signal)) {
      if (change.kv === null) break;
      send({ kv: change.kv, header: { ...header, revision: change.modRevision } });
    }
  }
}

async function currentLeader(
  client: LocalClient,
  prefix: string,
): Promise<{ kv: KeyValue | null; header: ResponseHeader }> {
  const answer = await client.range({
    key: toBytes(prefix),
    rangeEnd: toBytes(prefixEnd(prefix)),
    limit: 1,
    sortOrder: SortOrder.ASCEND,
    sortTarget: SortTarget.CREATE,
  });
  return { kv: answer.kvs[0] ?? null, header: answer.header ?? client.header() };
}

function putIfMine(
  client: LocalClient,
  leader: LeaderKey,
  value: Uint8Array,
): Promise<TxnResponse> {
  return client.txn({
    compare: [isMine(leader)],
    success: [{ requestPut: { key: leader.key, value, lease: leader.lease } }],
  });
}

function isMine(leader: LeaderKey) {
  return {
    result: CompareResult.EQUAL,
    target: CompareTarget.CREATE,
    key: leader.key,
    createRevision: leader.rev,
  };
}

function prefixOf(name: Uint8Array): string {
  return `${toText(name)}/`;
}
