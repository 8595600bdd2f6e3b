import { nextChance } from "@conclave/base";
import type { Channel } from "@conclave/rpc";
import { KV, Lease } from "@conclave/wire";
import type { LeaseLife } from "../history.ts";
import { bytesOfText, type WorkClient } from "./client.ts";
import { runOperation } from "./key-value.ts";

const TTL_SECONDS = 2;
/** Keys that leases hold; others may overwrite each other's. Count. */
const KEYS = 4;
/** Between two renewals. Milliseconds. */
const RENEWAL_MS_MAX = 1_500;
/** A renewal that comes about when the lease ends comes so long before, and as long after, at most. Milliseconds. */
const NEAR_END_MS = 150;
/** Leases that a client has at a time. Count. */
const LIVES = 3;

/** Grants leases, puts keys under them, renews them a few times, and revokes them or lets them end. */
export async function workOnLeases(client: WorkClient): Promise<void> {
  await Promise.all(Array.from({ length: LIVES }, () => grantAndKeep(client)));
}

async function grantAndKeep(client: WorkClient): Promise<void> {
  while (!client.isStopping) {
    await client.think();
    const askedMs = client.nowMs;
    const { response } = await client.call(Lease.LeaseGrant, { TTL: TTL_SECONDS, ID: 0n });
    if (response === null) continue;
    const lease: LeaseLife = {
      client: client.name,
      id: response.ID,
      ttlMs: response.TTL * 1_000,
      renewedAtMs: askedMs,
      revokeAskedMs: Number.POSITIVE_INFINITY,
      renewals: [],
    };
    client.history.leases.push(lease);
    await liveOn(client, lease);
  }
}

async function liveOn(client: WorkClient, lease: LeaseLife): Promise<void> {
  for (let keys = client.below(3); keys >= 0; keys -= 1) await putUnder(client, lease);
  const rounds = client.below(4);
  for (let round = 0; round < rounds && !client.isStopping; round += 1) {
    await client.clock.after(drawRenewalMs(client, lease));
    await renew(client, lease);
  }
  if (nextChance(client.prng, 0.3)) {
    lease.revokeAskedMs = client.nowMs;
    const { response } = await client.call(Lease.LeaseRevoke, { ID: lease.id });
    if (response !== null) await askEverybody(client, lease);
  }
}

/** Also one that does not know yet that another leads must not say that the lease lives (L4). */
async function askEverybody(client: WorkClient, lease: LeaseLife): Promise<void> {
  const { members } = client.cluster;
  await Promise.all(members.map((_, at) => renew(client, lease, client.channel(at))));
}

/** Mostly in time; now and then about when the lease ends: then it lives on, or it is over, and nothing between. */
function drawRenewalMs(client: WorkClient, { ttlMs, renewedAtMs }: LeaseLife): number {
  if (nextChance(client.prng, 0.6)) return client.below(RENEWAL_MS_MAX);
  const leftMs = renewedAtMs + ttlMs - client.nowMs;
  return Math.max(0, leftMs - NEAR_END_MS + client.below(2 * NEAR_END_MS));
}

/** A key of its own, or one that others write, too: the last put decides whose it is (L5). */
async function putUnder(client: WorkClient, lease: LeaseLife): Promise<void> {
  const value = client.drawUnique();
  const key = nextChance(client.prng, 0.5) ? `l/${value}` : `l/${client.below(KEYS)}`;
  const init = { key: bytesOfText(key), value: bytesOfText(value), lease: lease.id };
  await runOperation(client, "put", KV.Put.request.encode(init), { isUnique: true });
}

async function renew(client: WorkClient, lease: LeaseLife, channel?: Channel): Promise<void> {
  const invokedMs = client.nowMs;
  const ttlSeconds = await keepAlive(client, lease.id, channel);
  if (ttlSeconds >= 0) lease.renewals.push({ invokedMs, ttlSeconds });
  if (ttlSeconds > 0) lease.renewedAtMs = invokedMs;
}

/** @returns the TTL that was answered; -1 without an answer */
function keepAlive(client: WorkClient, id: bigint, channel?: Channel): Promise<number> {
  const { request, response, path } = Lease.LeaseKeepAlive;
  return new Promise((resolve) => {
    let ttl = -1;
    const stream = client.stream(
      path,
      {
        onMessage: (bytes, answered) => {
          ttl = response.decode(bytes).TTL;
          answered.halfClose();
        },
        onEnd: () => {
          client.note(`keep-alive ${id}: ${ttl}`);
          resolve(ttl);
        },
      },
      { timeoutMs: client.callTimeoutMs },
      channel,
    );
    stream.send(request.encode({ ID: id }));
  });
}
