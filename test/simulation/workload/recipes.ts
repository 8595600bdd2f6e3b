import { nextChance } from "@conclave/base";
import { type BegunHold, Client, clientTerms } from "@conclave/client/simulation";
import { Channel, clockTurn } from "@conclave/rpc";
import { forkPrng } from "@conclave/testing/cluster";
import type { SdkHold } from "../history.ts";
import type { WorkClient } from "./client.ts";

/** Longest that a lock or a term is waited for. */
const WAIT = "3s";
/** Longest that one is held. Milliseconds. */
const HOLD_MS_MAX = 300;

/** Two tasks of a client of the SDK: one takes locks, one stands for an election. Every hold is written down. */
export async function workOnRecipes(client: WorkClient): Promise<void> {
  const sdk = sdkClientOf(client);
  try {
    await Promise.all([takeLocks(client, sdk), standForElection(client, sdk)]);
  } finally {
    await sdk.close();
  }
}

async function takeLocks(client: WorkClient, sdk: Client): Promise<void> {
  while (!client.isStopping) {
    await client.think();
    const work = async (): Promise<void> => {
      await client.clock.after(client.below(HOLD_MS_MAX));
    };
    const name = nextChance(client.prng, 0.7) ? "job" : `job/${client.below(2)}`;
    await outcomeOf(client, `lock ${name}`, sdk.locks.request(name, { timeout: WAIT }, work));
  }
}

async function standForElection(client: WorkClient, sdk: Client): Promise<void> {
  const election = sdk.election("leader");
  while (!client.isStopping) {
    await client.think();
    const term = async (): Promise<void> => {
      const elected = await election.campaign({ timeout: WAIT });
      await client.clock.after(client.below(HOLD_MS_MAX));
      if (!elected.signal.aborted) await elected.resign();
    };
    await outcomeOf(client, "term", term());
  }
}

/** Under faults any call may fail; what must hold is said by the holds. A mistake of the code itself is no such failure. */
async function outcomeOf(client: WorkClient, what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
    client.note(`${what}: done`);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : null;
    if (code === null) throw error;
    client.note(`${what}: ${code}`);
  }
}

function sdkClientOf(client: WorkClient): Client {
  const { cluster, clock, history, name } = client;
  const prng = forkPrng(client.prng);
  const channel = new Channel({
    endpoints: cluster.members.map((member) => `${member.name}:2379`),
    clock,
    atTurnEnd: clockTurn(clock),
    prng: forkPrng(prng),
    dial: (target, result) => {
      const to = target.endpoint.split(":")[0] ?? "";
      return cluster.network.dialer(name, name, to, `${to}/client`)(target, result);
    },
    limits: { keepaliveTimeMs: 7_000, keepaliveTimeoutMs: 3_000 },
    connectTimeoutMs: 500,
    backoff: { initialMs: 50, maxMs: 300 },
  });
  const onHold = ({ names, fence, signal }: BegunHold): void => {
    for (const each of names) {
      const hold: SdkHold = {
        client: name,
        name: each,
        fence: fence.revision,
        fromMs: clock.nowMs(),
        toMs: Number.POSITIVE_INFINITY,
      };
      history.sdkHolds.push(hold);
      client.note(`holds ${each} with fence ${hold.fence}`);
      signal.addEventListener("abort", () => {
        hold.toMs = clock.nowMs();
      });
    }
  };
  return new Client(
    channel,
    clientTerms({ session: { ttl: "3s" } }),
    { clock, prng, onHold },
    undefined,
  );
}
