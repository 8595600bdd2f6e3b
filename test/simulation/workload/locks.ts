import { byteStringOf, nextChance } from "@conclave/base";
import { Status } from "@conclave/rpc";
import { Lease, Lock } from "@conclave/wire";
import { bytesOfText, type WorkClient } from "./client.ts";

/** Who stands in line for one client: with three there is a second waiter, and one who leaves from the middle. Count. */
const CONTENDERS = 3;
/** Of a lease that a contender does not renew: it may end while its key is in the queue. Seconds. */
const SHORT_TTL_SECONDS = 2;

/** Takes the lock of the server's own service, and gives it back by ending its lease, or by letting it end. */
export async function workOnLocks(client: WorkClient): Promise<void> {
  await Promise.all(Array.from({ length: CONTENDERS }, () => contend(client)));
}

async function contend(client: WorkClient): Promise<void> {
  while (!client.isStopping) {
    await client.think();
    const isShort = nextChance(client.prng, 0.3);
    const grant = await client.call(Lease.LeaseGrant, { TTL: isShort ? SHORT_TTL_SECONDS : 60 });
    if (grant.response === null) continue;
    const lease = grant.response.ID;
    const isDying = nextChance(client.prng, 0.2);
    await Promise.all([holdOnce(client, lease), ...(isDying ? [dieSoon(client, lease)] : [])]);
    if (!(await giveUp(client, lease))) return;
  }
}

async function holdOnce(client: WorkClient, lease: bigint): Promise<void> {
  const locked = await client.call(Lock.Lock, { name: bytesOfText("lock"), lease });
  if (locked.response === null) return;
  const key = byteStringOf(locked.response.key);
  const revision = locked.response.header?.revision ?? 0;
  client.note(`holds ${key} r${revision}`);
  const grantedMs = client.nowMs;
  client.history.holds.push({ client: client.name, key, revision, grantedMs });
  await client.think();
}

/** As of a process that ends while it waits: its lease goes, its call is still there. */
async function dieSoon(client: WorkClient, lease: bigint): Promise<void> {
  await client.think(300);
  await client.call(Lease.LeaseRevoke, { ID: lease });
}

/** @returns whether the lease is gone */
async function giveUp(client: WorkClient, lease: bigint): Promise<boolean> {
  for (;;) {
    const { status } = await client.call(Lease.LeaseRevoke, { ID: lease });
    if (status.code === Status.OK || status.code === Status.NOT_FOUND) return true;
    if (client.isStopping) return false;
    await client.think();
  }
}
