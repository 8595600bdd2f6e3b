import type { RpcServer, StreamOpener } from "@conclave/rpc";
import { EtcdErrors, Lock, type LockRequest } from "@conclave/wire";
import { serveAbortable } from "./abortable.ts";
import type { CallGuard } from "./call-guard.ts";
import { type LocalClient, toText } from "./local-client.ts";
import { joinQueue, leaveQueue, requireOwnKey, waitForTurn } from "./queue-entry.ts";

/** etcd gives a lock without a lease one of this many seconds, which nobody renews. */
const ORPHAN_LEASE_TTL_SECONDS = 60;

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
    serveAbortable(Lock.Lock, async (request, signal) => ({
      key: await lock(client, request, signal),
      header: client.header(),
    })),
  );
  serve(
    Lock.Unlock.path,
    serveAbortable(Lock.Unlock, async (request) => {
      const { header } = await client.deleteRange({ key: request.key });
      return { header };
    }),
  );
}

/** @returns the key that holds the lock. */
async function lock(
  client: LocalClient,
  request: LockRequest,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const lease =
    request.lease === 0n ? await client.grantLease(ORPHAN_LEASE_TTL_SECONDS) : request.lease;
  const prefix = `${toText(request.name)}/`;
  const entry = await joinQueue(client, { prefix, lease, value: new Uint8Array(0) });
  try {
    await waitForTurn(client, prefix, entry.createRevision, signal);
    await requireOwnKey(client, entry, EtcdErrors.sessionExpired);
  } catch (error) {
    if (signal.aborted) await leaveQueue(client, entry);
    throw error;
  }
  return entry.key;
}
