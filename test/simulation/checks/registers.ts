import { linearizability } from "@conclave/testing";
import type { RegisterInput, RegisterOperation } from "../history.ts";
import { check } from "./violation.ts";

/** One key with a value: empty, if it does not exist. */
const REGISTER = {
  initial: "",
  step(state: string, input: RegisterInput, output: string | undefined): string | null {
    if (input.kind === "read") return output === undefined || output === state ? state : null;
    if (input.kind === "write") return input.value;
    const result = state === input.expected ? "written" : "refused";
    if (output !== undefined && output !== result) return null;
    return result === "written" ? input.value : state;
  },
  identify: (state: string): string => state,
};

/** M6, by another way: a search that knows no revision and no log, for each key. A search given up is a failure. */
export function checkRegisters(operations: readonly RegisterOperation[]): void {
  for (const key of new Set(operations.map((operation) => operation.key))) {
    const ofKey = operations.filter((operation) => operation.key === key);
    const verdict = linearizability(REGISTER, ofKey);
    check(verdict === "linearizable", () => `M6: ${key} is ${verdict}: ${JSON.stringify(ofKey)}`);
  }
}
