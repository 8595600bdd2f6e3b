import { byteStringOf, nextChance } from "@conclave/base";
import { Status } from "@conclave/rpc";
import { Election, type LeaderKey, LeaderRequest, LeaderResponse, Lease } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { ELECTION } from "../checks/elections.ts";
import type { ElectedTerm, Observed } from "../history.ts";
import { bytesOfText, type WorkClient } from "./client.ts";
import { pairOf } from "./stream-watches.ts";

/** An observer stays with one member so long, at most. Milliseconds. */
const OBSERVED_MS_MAX = 2_500;
/** Terms of one lease: their keys have the same name, so only the revision tells them apart. Count. */
const TERMS_MAX = 3;

/** Stands for an election of the server's service, twice at once, and observes it. */
export async function workOnElections(client: WorkClient): Promise<void> {
  await Promise.all([stand(client), stand(client), observe(client)]);
}

async function stand(client: WorkClient): Promise<void> {
  while (!client.isStopping) {
    await client.think();
    const grant = await client.call(Lease.LeaseGrant, { TTL: 60, ID: 0n });
    if (grant.response === null) continue;
    const lease = grant.response.ID;
    const last = await leadWith(client, lease);
    if (last !== null) last.isEndAsked = true;
    while ((await client.call(Lease.LeaseRevoke, { ID: lease })).status.code !== Status.OK) {
      if (client.isStopping) return;
      await client.think();
    }
  }
}

/** Leads a few times in a row. @returns the term that its lease may still hold */
async function leadWith(client: WorkClient, lease: bigint): Promise<ElectedTerm | null> {
  let before: LeaderKey | null = null;
  let term: ElectedTerm | null = null;
  for (let left = 1 + client.below(TERMS_MAX); left > 0 && !client.isStopping; left -= 1) {
    const value = bytesOfText(client.drawUnique());
    const request = { name: bytesOfText(ELECTION), lease, value };
    const { response } = await client.call(Election.Campaign, request);
    // Whether it stands in line nobody can tell: what it may still be told would be about another term.
    if (response?.leader == null) return term;
    const { leader } = response;
    term = begin(client, leader, response.header?.revision ?? 0);
    await rule(client, leader, before);
    term.isEndAsked = true;
    const resigned = await client.call(Election.Resign, { leader });
    if (resigned.response === null) return term;
    term.resignedAt = resigned.response.header?.revision ?? 0;
    before = leader;
  }
  return term;
}

function begin(client: WorkClient, leader: LeaderKey, revision: number): ElectedTerm {
  const term: ElectedTerm = {
    client: client.name,
    key: byteStringOf(leader.key),
    fence: leader.rev,
    lease: leader.lease,
    revision,
    isEndAsked: false,
    resignedAt: 0,
  };
  client.note(`leads by ${term.key} of ${term.fence} r${revision}`);
  client.history.terms.push(term);
  return term;
}

/** Proclaims, and now and then says something in the name of the term before, which must come to nothing. */
async function rule(
  client: WorkClient,
  leader: LeaderKey,
  before: LeaderKey | null,
): Promise<void> {
  for (let left = client.below(4); left > 0 && !client.isStopping; left -= 1) {
    await client.think();
    if (before === null || nextChance(client.prng, 0.7)) await proclaim(client, leader);
    else if (nextChance(client.prng, 0.5)) await proclaim(client, before);
    else await client.call(Election.Resign, { leader: before });
  }
}

async function proclaim(client: WorkClient, leader: LeaderKey): Promise<void> {
  const value = client.drawUnique();
  const { rev: fence, key } = leader;
  const proclamation = { client: client.name, key: byteStringOf(key), fence, value };
  const { status, response } = await client.call(Election.Proclaim, {
    leader,
    value: bytesOfText(value),
  });
  client.history.proclamations.push({
    ...proclamation,
    revision: response?.header?.revision ?? 0,
    isRefused: status.message === EtcdErrors.electionNotLeader.message,
  });
  client.note(`proclaims ${value}: ${status.code} ${status.message}`);
}

async function observe(client: WorkClient): Promise<void> {
  while (!client.isStopping) {
    await observeOnce(client);
    await client.think();
  }
}

function observeOnce(client: WorkClient): Promise<void> {
  const observed: Observed = { client: client.name, leaders: [] };
  client.history.observed.push(observed);
  return new Promise((resolve) => {
    const stream = client.stream(
      Election.Observe.path,
      {
        onMessage: (bytes) => {
          const { kv, header } = LeaderResponse.decode(bytes);
          if (kv === null) throw new Error("a leader without a key");
          const revision = header?.revision ?? 0;
          observed.leaders.push({ revision, key: byteStringOf(kv.key), pair: pairOf(kv) });
        },
        onEnd: resolve,
      },
      { timeoutMs: 1 + client.below(OBSERVED_MS_MAX) },
    );
    stream.send(LeaderRequest.encode({ name: bytesOfText(ELECTION) }));
    stream.halfClose();
  });
}
