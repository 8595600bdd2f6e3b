import { nextChance, type Prng } from "@conclave/base";
import type { FaultyCaller } from "../../packages/client/src/testing/faulty-caller.ts";

/** Loses transactions and reads on the way there or back, and cuts streams, as `prng` says, until told to stop. */
export function playFaults(prng: Prng, faults: FaultyCaller): () => void {
  faults.faultOf = (path) => {
    if (!path.endsWith("/Txn") && !path.endsWith("/Range")) return undefined;
    if (nextChance(prng, 0.04)) return "drop-request";
    return nextChance(prng, 0.04) ? "drop-answer" : undefined;
  };
  const cutting = setInterval(() => {
    if (nextChance(prng, 0.2)) faults.cutStreams();
  }, 20);
  return () => {
    clearInterval(cutting);
    faults.faultOf = () => undefined;
  };
}
