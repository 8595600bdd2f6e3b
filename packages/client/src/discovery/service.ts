import { OperationLimit, orAborted } from "../abort.ts";
import { ConclaveError } from "../errors.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import { decoderOf } from "../kv/value-codec.ts";
import { Mirror } from "../mirror/mirror.ts";
import { Balancer } from "./balancer.ts";
import type { DiscoveryParts } from "./discovery-parts.ts";
import { decodeEndpoint, type Endpoint, servicePrefix } from "./endpoint.ts";
import { Latest } from "./latest.ts";
import { noEndpointError } from "./no-endpoint.ts";
import { type FetchOptions, fetchFrom } from "./service-fetch.ts";
import { balanceTerms, type UseOptions, waitMsOf } from "./use-options.ts";

/**
 * The instances of a service, kept up to date, and a choice among them. Made by {@link Services.use}.
 *
 * While the cluster cannot be reached it goes on with the last it knew (`stale`): instances do not stop because the
 * registry does. Entries that are no registrations are left out and named in `invalid`.
 *
 * @example
 * ```ts
 * await using catalog = await client.services.use("catalog");
 * const endpoint = catalog.endpoints[0] === undefined ? null : catalog.pick();
 * if (endpoint !== null) catalog.report(endpoint, new Error("it did not answer")); // left alone for a while
 * ```
 */
export class Service implements AsyncDisposable, AsyncIterable<readonly Endpoint[]> {
  /** As it was asked for. */
  readonly name: string;
  readonly #parts: DiscoveryParts;
  readonly #mirror: Mirror<Endpoint>;
  readonly #balancer: Balancer;
  readonly #endpoints = new Latest<readonly Endpoint[]>(Object.freeze([]));

  /** @internal */
  constructor(parts: DiscoveryParts, name: string, options: UseOptions) {
    this.name = name;
    this.#parts = parts;
    const { mirror } = parts;
    this.#balancer = new Balancer(mirror.runtime, balanceTerms(options));
    const { signal } = options;
    const prefix = servicePrefix(name);
    this.#mirror = new Mirror<Endpoint>(
      mirror,
      { prefix },
      decoderOf(decodeEndpoint),
      signal === undefined ? {} : { signal },
      () => this.#refresh(),
    );
    void this.#endWithMirror();
  }

  /** All instances, by address; a frozen copy of one moment. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints.value;
  }

  /**
   * Whether changes may go unnoticed at the moment, for no member of the cluster serves the watch.
   * @example
   * ```ts
   * await using catalog = await client.services.use("catalog");
   * if (catalog.stale) console.log(`${catalog.name}: as it was when we last heard`);
   * if (catalog.failure !== null) console.log("the view ended:", catalog.failure);
   * for (const [key, error] of catalog.invalid) console.log(`${key} is no registration: ${error.message}`);
   * ```
   */
  get stale(): boolean {
    return !this.#mirror.synced;
  }

  /** Keys under the service that hold no registration, with the reason. */
  get invalid(): ReadonlyMap<string, ConclaveError> {
    return this.#mirror.invalid;
  }

  /** Why the view ended; null while it is kept up to date, and when it was disposed of. */
  get failure(): unknown {
    return this.#mirror.failure;
  }

  /** Yields the endpoints now, then as they change; a slow reader skips what was superseded. Ends as a mirror's changes do. */
  [Symbol.asyncIterator](): AsyncIterableIterator<readonly Endpoint[]> {
    return this.#endpoints.read();
  }

  /**
   * An endpoint to call. One that is `up` and was not reported, in the preferred zone if that has enough; failing that,
   * the least bad.
   * @throws ConclaveError NO_ENDPOINT if there is none at all
   */
  pick(): Endpoint {
    const endpoint = this.#balancer.pick();
    if (endpoint === null) throw noEndpointError(this.name);
    return endpoint;
  }

  /**
   * Tells how a call went. With an error the endpoint is left alone for a second, twice as long each time up to half a
   * minute, until one succeeds; without one, all is forgiven. Calls through {@link Service.call} and {@link Service.fetch}
   * are reported by themselves.
   */
  report(endpoint: Endpoint, error?: unknown): void {
    if (error === undefined || error === null) this.#balancer.onSuccess(endpoint);
    else this.#balancer.onFailure(endpoint);
  }

  /**
   * Does one call: picks an endpoint, counts the call as under way, and reports how it went. What `work` throws is passed on.
   * @throws ConclaveError NO_ENDPOINT
   */
  async call<T>(work: (endpoint: Endpoint) => T | Promise<T>): Promise<T> {
    const endpoint = this.pick();
    const end = this.#balancer.begin(endpoint);
    try {
      const result = await work(endpoint);
      this.#balancer.onSuccess(endpoint);
      return result;
    } catch (error) {
      this.#balancer.onFailure(endpoint);
      throw error;
    } finally {
      end();
    }
  }

  /**
   * The global `fetch`, against an endpoint of the service. What fails goes to another endpoint, up to three in all, if that is
   * safe: a request that was never sent, or a GET, HEAD or OPTIONS that was answered by silence or 502, 503, 504.
   *
   * @param path begins with a slash
   * @throws TypeError for a path that does not; ConclaveError NO_ENDPOINT, CANCELLED, TIMEOUT, or UNAVAILABLE with the last
   *   failure as `cause`. `outcome` says whether a request that changes something may have been served.
   */
  fetch(path: string, options: FetchOptions = {}): Promise<Response> {
    const { clock } = this.#parts.mirror.runtime;
    return fetchFrom(this.name, this.#balancer, clock, path, options);
  }

  /**
   * Resolves when there is an endpoint.
   * @throws ConclaveError NO_ENDPOINT after `timeout` (default: the client's), CANCELLED, or why the view ended
   * @example
   * ```ts
   * import { ConclaveError } from "@conclave/client";
   *
   * await using mail = await client.services.use("mail");
   * try {
   *   await mail.ready({ timeout: "50ms" });
   * } catch (error) {
   *   if (!(error instanceof ConclaveError) || error.code !== "NO_ENDPOINT") throw error;
   *   console.log("nobody serves mail yet");
   * }
   * ```
   */
  async ready(options: CallOptions = {}): Promise<void> {
    const { runtime, transport } = this.#parts.mirror;
    const { signal, timeoutMs = transport.timeoutMs } = limitsOf(options);
    using limit = new OperationLimit(runtime.clock, "ready", { signal, timeoutMs });
    const reader = this[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await orAborted(reader.next(), limit.signal);
        if (done) throw noEndpointError(this.name);
        if (value.length > 0) return;
      }
    } catch (error) {
      const isLate = error instanceof ConclaveError && error.code === "TIMEOUT";
      throw isLate ? noEndpointError(this.name, error) : error;
    } finally {
      void reader.return?.();
    }
  }

  /** Ends the watch. What is known can still be read and picked. Never throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mirror[Symbol.asyncDispose]();
  }

  /** @internal Resolves when the instances were read for the first time. */
  async start(): Promise<void> {
    await this.#mirror.ready();
  }

  #refresh(): void {
    const endpoints = [...this.#mirror.values()].sort((a, b) => (a.addr < b.addr ? -1 : 1));
    this.#balancer.update(endpoints);
    this.#endpoints.set(Object.freeze(endpoints));
  }

  async #endWithMirror(): Promise<void> {
    try {
      for await (const _ of this.#mirror.changes());
      this.#endpoints.end(null);
    } catch (error) {
      this.#endpoints.end(error);
    }
  }
}

/** Makes a view, and waits until it is complete. */
export async function openService(
  parts: DiscoveryParts,
  name: string,
  options: UseOptions,
): Promise<Service> {
  const waitMs = waitMsOf(options);
  const { signal } = options;
  const service = new Service(parts, name, options);
  try {
    await service.start();
    if (waitMs !== null) await service.ready({ timeout: waitMs, ...(signal && { signal }) });
    return service;
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}
