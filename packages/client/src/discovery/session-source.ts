import { assert } from "@conclave/base";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { RegisterTerms } from "./register-options.ts";

/** The sessions that one registration rests on, one after the other: ownership ends with its session, a registration heals. */
export class SessionSource {
  readonly #sessions: Sessions;
  readonly #terms: RegisterTerms;
  readonly #given: Session | null;
  #own: Session | null = null;
  #last: Session | null = null;

  constructor(sessions: Sessions, terms: RegisterTerms) {
    this.#sessions = sessions;
    this.#terms = terms;
    this.#given = terms.session;
  }

  /** The last that was used. Requires: there is one. */
  get last(): Session {
    assert(this.#last !== null, "nothing was registered without a session");
    return this.#last;
  }

  /** One that was not lost. @throws ConclaveError CLOSED when the client is */
  usable(): Session {
    this.#last = this.#choose();
    return this.#last;
  }

  #choose(): Session {
    if (this.#own !== null && this.#own.state !== "lost") return this.#own;
    if (this.#given !== null) {
      if (this.#given.state !== "lost") return this.#given;
      this.#own = this.#given.fork();
      return this.#own;
    }
    const { ttl } = this.#terms;
    if (ttl === null) return this.#sessions.usable();
    this.#own = this.#sessions.usable().fork({ ttl });
    return this.#own;
  }

  /** Ends what nobody else uses, and with it what rests on it. */
  async close(): Promise<void> {
    await this.#own?.close();
  }
}
