import { ConclaveError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import type { Transport } from "../transport/transport.ts";
import type { StartKeepAlive } from "./keep-alive.ts";
import { Renewer } from "./renewer.ts";
import type { SessionTerms } from "./session-options.ts";
import type { KeepAliveWorker } from "./worker/keep-alive-worker.ts";
import type { WorkerConnection } from "./worker/messages.ts";

/** How the leases of one client are renewed: by this thread, or by a worker that is started when first needed. */
export class KeepAlives {
  readonly #transport: Transport;
  readonly #runtime: Runtime;
  readonly #connection: WorkerConnection | null;
  #worker: Promise<KeepAliveWorker> | null = null;
  #isClosed = false;

  /** `connection` is what a worker connects with, null if a worker cannot. */
  constructor(transport: Transport, runtime: Runtime, connection: WorkerConnection | null) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#connection = connection;
  }

  /** @throws ConclaveError INTERNAL if a worker is wanted and cannot be started */
  async prepare(terms: SessionTerms): Promise<StartKeepAlive> {
    const { renewWhile } = terms;
    const startHere: StartKeepAlive = (lease, listener) =>
      new Renewer(this.#transport, this.#runtime, lease, listener, renewWhile);
    if (terms.keepalive === "main") return startHere;
    const worker = await this.#startedWorker();
    return (lease, listener) => worker.keep(lease, listener, terms, startHere);
  }

  close(): void {
    this.#isClosed = true;
    void this.#worker?.then((worker) => worker.close()).catch(() => {});
  }

  async #startedWorker(): Promise<KeepAliveWorker> {
    this.#worker ??= this.#startWorker();
    try {
      const worker = await this.#worker;
      if (!worker.isDown) return worker;
    } catch (cause) {
      this.#worker = null;
      const message = "the keep-alive worker could not be started";
      throw new ConclaveError("INTERNAL", "not-applied", message, { cause });
    }
    this.#worker = null;
    return this.#startedWorker();
  }

  async #startWorker(): Promise<KeepAliveWorker> {
    if (this.#connection === null) {
      throw new TypeError('session.keepalive: "worker" needs the default transport');
    }
    const { KeepAliveWorker } = await import("./worker/keep-alive-worker.ts");
    const worker = await KeepAliveWorker.start(this.#runtime.clock, this.#connection);
    if (this.#isClosed) worker.close();
    return worker;
  }
}
