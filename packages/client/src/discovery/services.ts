import type { DiscoveryParts } from "./discovery-parts.ts";
import type { Instance } from "./endpoint.ts";
import type { RegisterOptions } from "./register-options.ts";
import type { Registration } from "./registration.ts";
import type { Service } from "./service.ts";
import type { UseOptions } from "./use-options.ts";

/**
 * Who serves what, and where: instances register under the name of a service, callers pick among them. Keys and JSON are
 * those of Go's `naming/endpoints`, so that Go programs see our instances, and we see theirs.
 *
 * @example
 * ```ts
 * await using me = await client.services.register("catalog", { addr: "10.0.0.5:8080" }, { drain: 0 });
 * await using catalog = await client.services.use("catalog");
 * console.log(me.state, catalog.endpoints.length);
 * ```
 */
export class Services {
  readonly #parts: DiscoveryParts;

  /** @internal */
  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /**
   * Registers an instance of `service`, and keeps it registered until it is disposed of. Resolves when others can see it,
   * or when its health check said that they shall not yet.
   *
   * @throws TypeError or RangeError for a wrong argument; ConclaveError ALREADY_EXISTS if another kept the address for all of
   *   `timeout`, TIMEOUT with what it failed with last as `cause`, CANCELLED, PERMISSION_DENIED. Nothing is left behind.
   * @example
   * ```ts
   * await using me = await client.services.register(
   *   "catalog",
   *   { addr: "10.0.0.5:8080", weight: 2, zone: "a", meta: { version: "1.4.0" } },
   *   { health: () => process.uptime() > 0, drain: 0 },
   * );
   * console.log(me.state); // registered
   * ```
   */
  async register(
    service: string,
    instance: Instance,
    options: RegisterOptions = {},
  ): Promise<Registration> {
    const { openRegistration } = await import("./registration.ts");
    return openRegistration(this.#parts, service, instance, options);
  }

  /**
   * The instances of `service`, kept up to date, to pick from. Resolves when they were read, and with `wait` when there is
   * one. See {@link Service}.
   *
   * @throws TypeError or RangeError for a wrong argument; ConclaveError NO_ENDPOINT if there is none within `wait`, or what
   *   the read fails with
   * @example
   * ```ts
   * await using catalog = await client.services.use("catalog", { balance: "p2c", prefer: { zone: "a" } });
   * for (const { addr, zone } of catalog.endpoints) console.log(addr, zone);
   * ```
   */
  async use(service: string, options: UseOptions = {}): Promise<Service> {
    const { openService } = await import("./service.ts");
    return openService(this.#parts, service, options);
  }
}
