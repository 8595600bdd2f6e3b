import type { LossReason } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { closedError, type Transport } from "../transport/transport.ts";
import { Session, type SessionTerms } from "./session.ts";

/** The sessions of one client: one that is shared by default, and those forked from it. */
export class Sessions {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #terms: SessionTerms;
  readonly #all = new Set<Session>();
  #shared: Session;
  #isClosed = false;

  constructor(transport: Transport, runtime: Runtime, terms: SessionTerms) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#terms = terms;
    this.#shared = this.#make(terms);
  }

  /** The shared session as it is, maybe lost. */
  get shared(): Session {
    return this.#shared;
  }

  /** The shared session to rest something new on: after a loss, a new one. */
  usable(): Session {
    if (this.#shared.state === "lost") this.#shared = this.#make(this.#terms);
    return this.#shared;
  }

  /** The session for a new hold; `closeOwn` is to be called when the hold is over. */
  choose(choice: "shared" | "own" | Session | undefined): {
    readonly session: Session;
    readonly closeOwn: () => Promise<void>;
  } {
    const keep = async () => {};
    if (choice instanceof Session) return { session: choice, closeOwn: keep };
    if (choice !== "own") return { session: this.usable(), closeOwn: keep };
    const session = this.#make(this.#terms);
    return { session, closeOwn: () => session.close() };
  }

  async closeAll(reason: LossReason): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((session) => session.close(reason)));
  }

  #make(terms: SessionTerms): Session {
    if (this.#isClosed) throw closedError();
    const session = new Session(this.#transport, this.#runtime, terms, (forked) =>
      this.#make(forked),
    );
    this.#all.add(session);
    session.signal.addEventListener("abort", () => this.#all.delete(session), { once: true });
    return session;
  }
}
