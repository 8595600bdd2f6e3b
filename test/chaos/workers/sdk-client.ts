import { nextUint64, type Prng, seededPrng, systemClock } from "@conclave/base";
import { clientTerms } from "@conclave/client/simulation";
import { Channel } from "@conclave/rpc";
import { beforeContinuations } from "../../../packages/client/src/session/stall-guard.ts";
import { LIMITS } from "../../../packages/client/src/transport/h2.ts";
import { RecordedClient, recordHold } from "../../../packages/testing/src/recorded-client.ts";
import type { Scene } from "./worker.ts";

/** Long against an election, short against a run: faults end sessions now and then. */
const SESSION = { ttl: "3s", margin: "1s" } as const;
const TIMEOUT = "3s";

/** The SDK as it is shipped, on all members, with its holds and watches written down. */
export function openClient(name: string, { cluster, holds, prng }: Scene): RecordedClient {
  const clock = systemClock({ keepsProcessAlive: true });
  const channel = new Channel({ endpoints: cluster.endpoints, limits: LIMITS });
  const runtime = {
    clock,
    prng: forked(prng),
    beforeContinuations,
    onHold: (hold: Parameters<typeof recordHold>[2]) => recordHold(holds, name, hold),
  };
  const terms = clientTerms({ session: SESSION, timeout: TIMEOUT });
  return new RecordedClient(name, holds, [channel, terms, runtime, undefined]);
}

function forked(prng: Prng): Prng {
  return seededPrng(Number(nextUint64(prng) & 0xffff_ffffn));
}
