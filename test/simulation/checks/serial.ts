import { byteStringOf } from "@conclave/base";
import {
  ModelRefusal,
  type ReferenceModel,
} from "../../../packages/state-machine/src/reference-model.ts";
import type { Operation } from "../history.ts";
import { modelAnswer } from "./answers.ts";
import { Replay } from "./replay.ts";
import type { AppliedCommands } from "./state.ts";
import { check, Violation } from "./violation.ts";

/**
 * Strict serializability (M6), guided by revisions: answers carry the revision they stand at, so no order has to be
 * searched for. Every answered operation is the command that made its revision, or changes nothing and is evaluated there
 * (M3, M4, R16); real time agrees with the order of revisions (R17).
 */
export function checkSerial(
  operations: readonly Operation[],
  ledger: readonly AppliedCommands[],
): Replay {
  const answered = groupByRevision(operations);
  const changing = new Set<Operation>();
  const replay = new Replay(ledger, (revision, model, written) => {
    let isClaimed = false;
    for (const operation of answered.get(revision) ?? []) {
      const isWriter =
        !isClaimed &&
        written !== null &&
        sameBytes(written.body, operation.body) &&
        sameBytes(written.answer, operation.answer);
      if (isWriter) {
        isClaimed = true;
        changing.add(operation);
      } else evaluate(operation, model);
    }
    answered.delete(revision);
  });
  for (const [revision, [operation]] of answered) {
    throw new Violation(`R16: revision ${revision} is in no log: ${operation && told(operation)}`);
  }
  for (const operation of operations) checkFate(operation, replay);
  checkRealTime(operations, changing);
  return replay;
}

/** M3, M4: what changes nothing is answered as the model answers it at that revision. */
function evaluate(operation: Operation, model: ReferenceModel): void {
  const { revision } = model;
  check(
    operation.method !== "put",
    () =>
      `R16: acknowledged at ${revision}, but the log has another command there: ${told(operation)}`,
  );
  let answer: Uint8Array | null = null;
  try {
    answer = modelAnswer(model, operation.method, operation.body);
  } catch (error) {
    if (!(error instanceof ModelRefusal)) throw error;
    throw new Violation(`M3: to be refused as ${error.message}: ${told(operation)}`);
  }
  check(
    model.revision === revision,
    () => `R16: acknowledged at ${revision}, but it is not in the log: ${told(operation)}`,
  );
  check(
    sameBytes(answer, operation.answer),
    () => `M3: at revision ${revision} the model answers otherwise: ${told(operation)}`,
  );
}

/** R16: what was acknowledged is in the log once; what was certainly refused is not. M5: what is refused as compacted was. */
function checkFate(operation: Operation, { applied, model }: Replay): void {
  const { isUnique, isRefused, isCompacted, atRevision } = operation;
  if (isUnique) {
    const times = applied.get(byteStringOf(operation.body)) ?? 0;
    check(times <= 1, () => `R16: applied ${times} times: ${told(operation)}`);
    check(times === 0 || !isRefused, () => `R16: refused, and applied: ${told(operation)}`);
  }
  check(
    !isCompacted || atRevision < model.compactRevision,
    () => `M5: refused as compacted, but only ${model.compactRevision} is: ${told(operation)}`,
  );
}

/** R17: what is answered shows everything that was acknowledged before it was asked for. */
function checkRealTime(operations: readonly Operation[], changing: ReadonlySet<Operation>): void {
  const linearizable = operations.filter(
    ({ isSerializable, revision }) => !isSerializable && revision > 0,
  );
  const acknowledged = [...linearizable].sort((a, b) => a.completedMs - b.completedMs);
  const asked = [...linearizable].sort((a, b) => a.invokedMs - b.invokedMs);
  let at = 0;
  let newest = 0;
  for (const operation of asked) {
    for (; (acknowledged[at]?.completedMs ?? Infinity) < operation.invokedMs; at += 1) {
      newest = Math.max(newest, acknowledged[at]?.revision ?? 0);
    }
    const oldest = changing.has(operation) ? newest + 1 : newest;
    check(
      operation.revision >= oldest,
      () => `R17: revision ${newest} was acknowledged before it was asked for: ${told(operation)}`,
    );
  }
}

function groupByRevision(operations: readonly Operation[]): Map<number, Operation[]> {
  const groups = new Map<number, Operation[]>();
  for (const operation of operations) {
    if (operation.revision === 0) continue;
    const group = groups.get(operation.revision);
    if (group === undefined) groups.set(operation.revision, [operation]);
    else group.push(operation);
  }
  return groups;
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && Buffer.compare(a, b) === 0;
}

function told({
  client,
  method,
  body,
  answer,
  revision,
  invokedMs,
  completedMs,
}: Operation): string {
  const text = (bytes: Uint8Array | null): string =>
    JSON.stringify(bytes === null ? null : byteStringOf(bytes));
  return `${client} ${method} ${text(body)} asked at ${invokedMs}, answered at ${completedMs} r${revision} ${text(answer)}`;
}
