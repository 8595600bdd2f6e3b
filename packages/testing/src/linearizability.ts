/** What one object does when operations come one at a time. States are values: a step makes new ones. */
export interface SequentialModel<State, Input, Output> {
  /** Before the first operation. */
  readonly initial: State;
  /**
   * The state after an operation with that outcome, or null if it cannot have had it. An `output` of undefined is one that
   * nobody knows: the operation may have had any.
   */
  step(state: State, input: Input, output: Output | undefined): State | null;
  /** Equal for equal states, and only for them. */
  identify(state: State): string;
}

/** One operation as its caller saw it. */
export interface TimedOperation<Input, Output> {
  /** What was asked. */
  readonly input: Input;
  /** What was answered; undefined: nothing, so it may have happened, or may yet, or never. */
  readonly output: Output | undefined;
  /** When it was asked. Any unit. */
  readonly invokedAt: number;
  /** When it was answered; `Infinity` without an answer. */
  readonly completedAt: number;
}

/** `"unknown"`: the search was given up. That is no success. */
export type LinearizabilityVerdict = "linearizable" | "not linearizable" | "unknown";

/** Steps of a search before it is given up, unless told otherwise. Count. */
const STEPS_MAX = 1_000_000;

/**
 * Whether operations on one object can be put in an order, each between its call and its answer, in which the model answers
 * as the callers were answered (Wing and Gong 1993, with Lowe's cache of what was tried). The time grows fast with how many
 * operations overlap: check each key for itself.
 *
 * @example
 * ```ts
 * import { linearizability, type SequentialModel } from "@conclave/testing";
 *
 * // A number to write, or null to read.
 * const register: SequentialModel<number, number | null, number> = {
 *   initial: 0,
 *   step: (state, write, read) => write ?? (read === undefined || read === state ? state : null),
 *   identify: String,
 * };
 * const verdict = linearizability(register, [
 *   { input: 1, output: 1, invokedAt: 0, completedAt: 5 },
 *   { input: null, output: 0, invokedAt: 6, completedAt: 7 },
 * ]);
 * console.log(verdict); // not linearizable: 1 was written before 0 was read
 * ```
 */
export function linearizability<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly TimedOperation<Input, Output>[],
  { stepsMax = STEPS_MAX }: { readonly stepsMax?: number } = {},
): LinearizabilityVerdict {
  return new Search(model, operations, stepsMax).run();
}

/** The call or the answer of an operation, in a list by time out of which operations are lifted as they are placed. */
interface Entry<Input, Output> {
  /** Place of the operation in the bitset. */
  readonly at: number;
  readonly operation: TimedOperation<Input, Output>;
  /** Null in an answer. */
  readonly answer: Entry<Input, Output> | null;
  before: Entry<Input, Output> | null;
  after: Entry<Input, Output> | null;
}

interface Placed<State, Input, Output> {
  readonly entry: Entry<Input, Output>;
  readonly stateBefore: State;
}

class Search<State, Input, Output> {
  readonly #model: SequentialModel<State, Input, Output>;
  readonly #stepsMax: number;
  /** What precedes the first entry. */
  readonly #head: Entry<Input, Output>;
  readonly #placed: Placed<State, Input, Output>[] = [];
  /** Which operations are placed, by bit. */
  readonly #bits: Uint32Array;
  /** Numbers of states, so that a configuration is told by few characters. */
  readonly #stateNumbers = new Map<string, number>();
  /** Configurations (operations placed, state) that lead nowhere, or are being tried. */
  readonly #tried = new Set<string>();
  #state: State;

  constructor(
    model: SequentialModel<State, Input, Output>,
    operations: readonly TimedOperation<Input, Output>[],
    stepsMax: number,
  ) {
    this.#model = model;
    this.#stepsMax = stepsMax;
    this.#state = model.initial;
    this.#bits = new Uint32Array(Math.ceil(operations.length / 32));
    this.#head = listOf(operations);
  }

  run(): LinearizabilityVerdict {
    let entry = this.#head.after;
    for (let steps = 0; ; steps += 1) {
      if (entry === null || isNeverAnswered(entry)) return "linearizable";
      if (steps > this.#stepsMax) return "unknown";
      if (entry.answer === null) {
        // It was answered, and could not be placed before that: something placed earlier was wrong.
        const wrong = this.#takeBack();
        if (wrong === null) return "not linearizable";
        entry = wrong.after;
      } else if (this.#place(entry)) entry = this.#head.after;
      else entry = entry.after;
    }
  }

  /** Puts the operation next in the order, if it can be there and that was not tried. */
  #place(entry: Entry<Input, Output>): boolean {
    const { input, output } = entry.operation;
    const stateBefore = this.#state;
    const state = this.#model.step(stateBefore, input, output);
    if (state === null) return false;
    this.#flip(entry);
    const configuration = `${this.#bits.join()}/${this.#numberOf(state)}`;
    if (this.#tried.has(configuration)) {
      this.#flip(entry);
      return false;
    }
    this.#tried.add(configuration);
    this.#placed.push({ entry, stateBefore });
    this.#state = state;
    lift(entry);
    return true;
  }

  /** Undoes the last placement. @returns its entry, null if there is none */
  #takeBack(): Entry<Input, Output> | null {
    const last = this.#placed.pop();
    if (last === undefined) return null;
    this.#state = last.stateBefore;
    this.#flip(last.entry);
    putBack(last.entry);
    return last.entry;
  }

  #flip({ at }: Entry<Input, Output>): void {
    this.#bits[at >> 5] = (this.#bits[at >> 5] ?? 0) ^ (1 << (at & 31));
  }

  #numberOf(state: State): number {
    const identity = this.#model.identify(state);
    const known = this.#stateNumbers.get(identity);
    if (known !== undefined) return known;
    this.#stateNumbers.set(identity, this.#stateNumbers.size);
    return this.#stateNumbers.size - 1;
  }
}

/** The place in time where only operations without an answer are left: they need not have happened. */
function isNeverAnswered<Input, Output>({ answer, operation }: Entry<Input, Output>): boolean {
  return answer === null && operation.completedAt === Number.POSITIVE_INFINITY;
}

/** @returns the head of a list of all calls and answers by time; a call at the time of an answer comes before it */
function listOf<Input, Output>(
  operations: readonly TimedOperation<Input, Output>[],
): Entry<Input, Output> {
  const entries = operations.flatMap((operation, at) => {
    const answer: Entry<Input, Output> = { at, operation, answer: null, before: null, after: null };
    const call: Entry<Input, Output> = { at, operation, answer, before: null, after: null };
    return [
      { time: operation.invokedAt, order: 0, entry: call },
      { time: operation.completedAt, order: 1, entry: answer },
    ];
  });
  entries.sort((a, b) => (a.time === b.time ? a.order - b.order : a.time < b.time ? -1 : 1));
  const nothing = { input: undefined as never, output: undefined, invokedAt: 0, completedAt: 0 };
  const head: Entry<Input, Output> = {
    at: -1,
    operation: nothing,
    answer: null,
    before: null,
    after: null,
  };
  let last = head;
  for (const { entry } of entries) {
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

function lift<Input, Output>(call: Entry<Input, Output>): void {
  unlink(call);
  if (call.answer !== null) unlink(call.answer);
}

/** In the reverse order of {@link lift}: each entry still knows its neighbours. */
function putBack<Input, Output>(call: Entry<Input, Output>): void {
  if (call.answer !== null) link(call.answer);
  link(call);
}

function unlink<Input, Output>(entry: Entry<Input, Output>): void {
  if (entry.before !== null) entry.before.after = entry.after;
  if (entry.after !== null) entry.after.before = entry.before;
}

function link<Input, Output>(entry: Entry<Input, Output>): void {
  if (entry.before !== null) entry.before.after = entry;
  if (entry.after !== null) entry.after.before = entry;
}
