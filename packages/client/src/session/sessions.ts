import { onAbort } from "../abort.ts";
import type { LossReason } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { closedError, type Transport } from "../transport/transport.ts";
import { KeepAlives } from "./keep-alives.ts";
import { Session, type SessionParts } from "./session.ts";
import type { SessionTerms } from "./session-options.ts";
import type { WorkerConnection } from "./worker/messages.ts";

/** The sessions of one client: one that is shared by default, and those forked from it. */
export class Sessions {
  readonly #parts: SessionParts;
  readonly #keepAlives: KeepAlives;
  readonly #terms: SessionTerms;
  readonly #all = new Set<Session>();
  #shared: Session;
  #isClosed = false;

  /** `connection` is what a keep-alive worker connects with, null if there can be none. */
  constructor(
    transport: Transport,
    runtime: Runtime,
    terms: SessionTerms,
    connection: WorkerConnection | null,
  ) {
    this.#terms = terms;
    this.#keepAlives = new KeepAlives(transport, runtime, connection);
    this.#parts = {
      transport,
      runtime,
      prepareKeepAlive: (forTerms) => this.#keepAlives.prepare(forTerms),
      makeFork: (forked) => this.#make(forked),
    };
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
    this.#keepAlives.close();
  }

  #make(terms: SessionTerms): Session {
    if (this.#isClosed) throw closedError();
    const session = new Session(this.#parts, terms);
    this.#all.add(session);
    onAbort(session.signal, () => this.#all.delete(session));
    return session;
  }
}
