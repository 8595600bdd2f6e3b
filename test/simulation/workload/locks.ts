import { byteStringOf } from "@conclave/base";
import { Status } from "@conclave/rpc";
import { Lease, Lock } from "@conclave/wire";
import { bytesOfText, type WorkClient } from "./client.ts";

/** Takes the lock of the server's own service, and gives it back by ending its lease. */
export async function workOnLocks(client: WorkClient): Promise<void> {
  while (!client.isStopping) {
    await client.think();
    const grant = await client.call(Lease.LeaseGrant, { TTL: 60, ID: 0n });
    if (grant.response === null) continue;
    const lease = grant.response.ID;
    const locked = await client.call(Lock.Lock, { name: bytesOfText("lock"), lease });
    if (locked.response !== null) {
      const key = byteStringOf(locked.response.key);
      const revision = locked.response.header?.revision ?? 0;
      client.note(`holds ${key} r${revision}`);
      const grantedMs = client.nowMs;
      client.history.holds.push({ client: client.name, key, revision, grantedMs });
      await client.think();
    }
    while ((await client.call(Lease.LeaseRevoke, { ID: lease })).status.code !== Status.OK) {
      if (client.isStopping) return;
      await client.think();
    }
  }
}
