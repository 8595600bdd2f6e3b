import type { RpcServer, StreamOpener } from "@conclave/rpc";
import { Lock, type LockRequest, type LockResponseInit } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { serveAbortable } from "./abortable.ts";
import type { CallGuard } from "./call-guard.ts";
import { type LocalClient, toText } from "./local-client.ts";
import { joinQueue, leaseOrNew, waitInQueue } from "./queue-entry.ts";

/**
 * The v3lock service (etcd 3.2): a lock is the lowest create revision under `<name>/`, the same queue that Go's
 * `concurrency.Mutex` and `etcdctl lock` stand in. Errors travel as UNKNOWN, as etcd's do.
 */
export function registerLockService(
  server: RpcServer,
  client: LocalClient,
  guard: CallGuard,
): void {
  const serve = (path: string, opener: StreamOpener): void => {
    server.stream(path, guard.guardStream(opener));
  };
  serve(
    Lock.Lock.path,
    serveAbortable(Lock.Lock, (request, signal) => lock(client, request, signal)),
  );
  serve(
    Lock.Unlock.path,
    serveAbortable(Lock.Unlock, async (request) => {
      const { header } = await client.deleteRange({ key: request.key });
      return { header };
    }),
  );
}

async function lock(
  client: LocalClient,
  request: LockRequest,
  signal: AbortSignal,
): Promise<LockResponseInit> {
  const lease = await leaseOrNew(client, request.lease);
  signal.throwIfAborted();
  const prefix = `${toText(request.name)}/`;
  const entry = await joinQueue(client, { prefix, lease, value: new Uint8Array(0) });
  const header = await waitInQueue(client, prefix, entry, EtcdErrors.sessionExpired, signal);
  return { key: entry.key, header };
}
