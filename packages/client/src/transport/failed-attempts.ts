import { ConclaveError, type Outcome } from "../errors.ts";

/** What the attempts of one call came to, for the one error that its caller gets. */
export class FailedAttempts {
  #last: ConclaveError;
  /** The last one that did not just run out of time. */
  #trouble: ConclaveError;
  #outcome: Outcome;

  constructor(first: ConclaveError) {
    this.#last = first;
    this.#trouble = first;
    this.#outcome = first.outcome;
  }

  get last(): ConclaveError {
    return this.#last;
  }

  add(error: ConclaveError): void {
    this.#last = error;
    if (error.code !== "TIMEOUT") this.#trouble = error;
    if (error.outcome === "unknown") this.#outcome = "unknown";
  }

  /** Of all of them: that the last one did nothing says nothing about those before. */
  get outcome(): Outcome {
    return this.#outcome;
  }

  /** The last error, with what the others add to it. */
  summary(): ConclaveError {
    const [last, trouble, outcome] = [this.#last, this.#trouble, this.#outcome];
    // That the time was over says little; what took it is told along.
    const isExplained = last.code !== "TIMEOUT" || trouble.code === "TIMEOUT";
    if (isExplained && last.outcome === outcome) return last;
    const message = isExplained ? last.message : `${last.message}, after ${trouble.message}`;
    return new ConclaveError(last.code, outcome, message, { cause: isExplained ? last : trouble });
  }
}
