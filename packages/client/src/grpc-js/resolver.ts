import { experimental, status } from "@grpc/grpc-js";
import type { Client } from "../client.ts";
import type { Endpoint } from "../discovery/endpoint.ts";
import type { Service } from "../discovery/service.ts";

/**
 * How names are followed. All of it is optional.
 *
 * @example
 * ```ts
 * import { registerGrpcResolver } from "@conclave/client/grpc-js";
 * import { Client as GrpcClient, credentials } from "@grpc/grpc-js";
 *
 * registerGrpcResolver(client, { scheme: "shop", balance: "pick_first" });
 * const channel = new GrpcClient("shop:///catalog", credentials.createInsecure());
 * channel.close();
 * ```
 */
export interface GrpcResolverOptions {
  /** Of the targets: `<scheme>:///<service>`. Default `"etcd"`, as Go has it. */
  readonly scheme?: string;
  /**
   * How a channel spreads its calls. Default `"round_robin"`. `"pick_first"` stays with one instance while it lasts; null leaves
   * it to the channel's `grpc.service_config`.
   */
  readonly balance?: "round_robin" | "pick_first" | null;
}

type Listener = experimental.ResolverListener;
type GrpcEndpoint = experimental.Endpoint;

/** What may come up: those that are about to go, or say that they are not well, only if there is no other. */
function callable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  for (const status of ["up", "draining"]) {
    const alike = endpoints.filter((endpoint) => endpoint.status === status);
    if (alike.length > 0) return alike;
  }
  return endpoints;
}

/** Null for an address that gRPC cannot dial. */
function grpcEndpointOf({ addr }: Endpoint): GrpcEndpoint | null {
  const path = addr.includes("://") ? addr.slice(addr.indexOf("://") + 3) : addr;
  const { host, port } = experimental.splitHostPort(path) ?? {};
  if (host === undefined || port === undefined) return null;
  return { addresses: [{ host, port }] };
}

/** One channel's view of a service. grpc-js makes it, and tells it when to begin and when to stop. */
class ServiceResolver implements experimental.Resolver {
  readonly #client: Client;
  readonly #service: string;
  readonly #listener: Listener;
  readonly #balance: GrpcResolverOptions["balance"];
  #following: AbortController | null = null;

  constructor(
    client: Client,
    service: string,
    listener: Listener,
    balance: GrpcResolverOptions["balance"],
  ) {
    // Until 1.13 it was an object with other methods.
    if (typeof listener !== "function") throw new TypeError("needs @grpc/grpc-js 1.14 or later");
    this.#client = client;
    this.#service = service;
    this.#listener = listener;
    this.#balance = balance;
  }

  /** A no-op while it follows: changes are told as they happen. */
  updateResolution(): void {
    if (this.#following !== null) return;
    const following = new AbortController();
    this.#following = following;
    this.#follow(following.signal)
      .catch((error: unknown) => {
        if (following.signal.aborted) return;
        const details = `${this.#service}: ${error instanceof Error ? error.message : error}`;
        this.#tell(experimental.statusOrFromError({ code: status.UNAVAILABLE, details }));
      })
      .finally(() => {
        // grpc-js asks again, after a pause.
        if (this.#following === following) this.#following = null;
      });
  }

  destroy(): void {
    this.#following?.abort();
    this.#following = null;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const service: Service = await this.#client.services.use(this.#service, { signal });
    for await (const endpoints of service) {
      if (signal.aborted) return;
      this.#tellEndpoints(endpoints);
    }
  }

  #tellEndpoints(endpoints: readonly Endpoint[]): void {
    const found = callable(endpoints)
      .map(grpcEndpointOf)
      .filter((endpoint) => endpoint !== null);
    if (found.length > 0) {
      this.#tell(experimental.statusOrFromValue(found));
      return;
    }
    const details = `no instance of ${JSON.stringify(this.#service)} is registered`;
    this.#tell(experimental.statusOrFromError({ code: status.UNAVAILABLE, details }));
  }

  #tell(found: experimental.StatusOr<GrpcEndpoint[]>): void {
    const balance = this.#balance;
    const config =
      balance === null || balance === undefined
        ? null
        : { loadBalancingConfig: [{ [balance]: {} }], methodConfig: [] };
    this.#listener(found, {}, config && experimental.statusOrFromValue(config), "");
  }
}

/**
 * Lets channels of `@grpc/grpc-js` follow a service by its name: `etcd:///catalog` means whoever is registered as `catalog`,
 * in the namespace of `client`, by this SDK or by Go's `naming/endpoints`. For the whole process, and for as long as the
 * client is open; registering a scheme again replaces it. Needs `@grpc/grpc-js` 1.14 or later.
 *
 * @example
 * ```ts
 * import { registerGrpcResolver } from "@conclave/client/grpc-js";
 * import { Client as GrpcClient, credentials } from "@grpc/grpc-js";
 *
 * registerGrpcResolver(client);
 * const catalog = new GrpcClient("etcd:///catalog", credentials.createInsecure());
 * catalog.close();
 * ```
 */
export function registerGrpcResolver(client: Client, options: GrpcResolverOptions = {}): void {
  const { scheme = "etcd", balance = "round_robin" } = options;
  class ClientResolver extends ServiceResolver {
    constructor(target: experimental.GrpcUri, listener: Listener) {
      super(client, target.path, listener, balance);
    }

    static getDefaultAuthority({ path }: experimental.GrpcUri): string {
      return path;
    }
  }
  experimental.registerResolver(scheme, ClientResolver);
}
