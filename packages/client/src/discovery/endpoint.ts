import type { KeyValue } from "../kv/key-value.ts";

/**
 * What an instance says of itself. Those who pick prefer `up`; `draining` is about to go, `unhealthy` failed its own check.
 */
export type EndpointStatus = "up" | "draining" | "unhealthy";

/** What JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** What an instance is registered with. */
export interface Instance {
  /** Where it is reached, such as `"10.0.0.5:8080"`, or a URL. Part of the key, so unique within the service. */
  readonly addr: string;
  /** Its share of the calls, relative to the others; 0: only if there is no other. Default 1. */
  readonly weight?: number;
  /** Where it runs, for those who prefer to stay near. */
  readonly zone?: string;
  /** Whatever else callers should know. */
  readonly meta?: Json;
}

/**
 * An instance of a service, as the registry shows it. Frozen.
 *
 * @example
 * ```ts
 * await using _me = await client.services.register(
 *   "search",
 *   { addr: "10.0.0.5:8080", weight: 2, meta: { shard: 7 } },
 *   { drain: 0 },
 * );
 * await using search = await client.services.use("search", { wait: "5s" });
 * for (const { addr, zone, status, weight, meta, key } of search.endpoints) {
 *   console.log(addr, zone ?? "anywhere", status, weight, meta, `as ${key}`);
 * }
 * ```
 */
export interface Endpoint {
  /** Key of the registration, within the client's namespace. */
  readonly key: string;
  /** Where it is reached. */
  readonly addr: string;
  /** Its share of the calls, relative to the others. */
  readonly weight: number;
  /** Null if it did not say. */
  readonly zone: string | null;
  /** What it says of itself. */
  readonly status: EndpointStatus;
  /** As registered; for an entry of Go's `naming/endpoints`, its whole Metadata. Null if there is none. */
  readonly meta: Json;
}

/** The Metadata that our own registrations write. `instance` tells them from others', and one life from the next. */
interface OwnMetadata {
  readonly instance: string;
  readonly status: EndpointStatus;
  readonly weight: number;
  readonly zone?: string;
  readonly meta?: Json;
}

/**
 * The JSON of Go's `clientv3/naming/endpoints` (`internal.Update`), the same since etcd 3.1: Op 0 adds. Go's resolver and
 * gRPC's balancers see Addr, and find the rest in Metadata.
 */
interface GoUpdate {
  readonly Op: 0;
  readonly Addr: string;
  readonly Metadata: Json;
}

const STATUSES: ReadonlySet<unknown> = new Set(["up", "draining", "unhealthy"]);

/** @throws TypeError, RangeError */
export function checkedInstance(instance: Instance): Instance {
  const { addr, weight = 1, zone } = instance;
  if (typeof addr !== "string" || addr === "") throw new TypeError("addr: where it is reached");
  if (!(Number.isFinite(weight) && weight >= 0)) throw new RangeError("weight: 0 or more");
  if (zone !== undefined && typeof zone !== "string") throw new TypeError("zone: a text");
  return { ...instance, weight };
}

/** Key prefix of a service's registrations. @throws TypeError */
export function servicePrefix(service: string): string {
  if (typeof service !== "string" || service === "" || service.endsWith("/")) {
    throw new TypeError("a service is named by a text that does not end with a slash");
  }
  return `${service}/`;
}

/** The value to register. `instanceId` names this life of the registration. */
export function encodeEndpoint(
  instance: Instance,
  status: EndpointStatus,
  instanceId: string,
): string {
  const { addr, weight = 1, zone, meta } = instance;
  const metadata = {
    instance: instanceId,
    status,
    weight,
    ...(zone !== undefined && { zone }),
    ...(meta !== undefined && { meta }),
  };
  const update: GoUpdate = { Op: 0, Addr: addr, Metadata: metadata };
  return JSON.stringify(update);
}

/**
 * Reads a registration, ours or one of Go's.
 * @throws TypeError, SyntaxError for what is neither
 */
export function decodeEndpoint(pair: KeyValue): Endpoint {
  const { Addr: addr, Metadata: metadata = null } = updateOf(pair);
  const told: Partial<OwnMetadata> = isRecord(metadata) ? metadata : {};
  const isOwn = typeof told.instance === "string";
  const { weight, zone, status } = told;
  return Object.freeze({
    key: pair.keyText,
    addr,
    weight: typeof weight === "number" && Number.isFinite(weight) && weight >= 0 ? weight : 1,
    zone: typeof zone === "string" ? zone : null,
    status: STATUSES.has(status) ? (status as EndpointStatus) : "up",
    meta: isOwn ? (told.meta ?? null) : metadata,
  });
}

/** Which life of which registration wrote a pair; null if it was not written by this SDK. */
export function instanceIdOf(pair: KeyValue): string | null {
  try {
    const { Metadata: metadata } = updateOf(pair);
    return isRecord(metadata) && typeof metadata.instance === "string" ? metadata.instance : null;
  } catch {
    return null;
  }
}

function updateOf(pair: KeyValue): GoUpdate {
  const update = pair.json() as Partial<GoUpdate> | null;
  if (typeof update !== "object" || typeof update?.Addr !== "string" || update.Addr === "") {
    throw new TypeError('a registration is {"Op":0,"Addr":"…","Metadata":…}');
  }
  return update as GoUpdate;
}

function isRecord(value: unknown): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
