import type { Clock } from "@conclave/base";
import { OperationLimit } from "../abort.ts";
import { type Duration, durationMs } from "../duration.ts";
import { ConclaveError } from "../errors.ts";
import type { Balancer } from "./balancer.ts";
import type { Endpoint } from "./endpoint.ts";
import { noEndpointError } from "./no-endpoint.ts";

/** Those of the global `fetch`, and: */
export interface FetchOptions extends RequestInit {
  /** Until the head of the answer is here, all attempts together. Default: none. */
  readonly timeout?: Duration;
}

/** Endpoints that one request is tried on. */
const ATTEMPTS_MAX = 3;
/** RFC 9110, 9.2.1: they ask for no change, so that asking twice is asking once. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** Answers of what stands before the service, for the service cannot be reached or does not take calls. */
const UNREACHED_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);
/** Failures to connect, of Node's sockets and of undici: nothing was sent. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** One request, wherever it goes. */
interface Request {
  readonly path: string;
  readonly init: RequestInit;
  /** Asking twice is asking once. */
  readonly isSafe: boolean;
  /** Its body can be sent a second time. */
  readonly isRepeatable: boolean;
}

/** Fetches `path` from an endpoint, and from another where the first fails and that is safe. */
export async function fetchFrom(
  service: string,
  balancer: Balancer,
  clock: Clock,
  path: string,
  options: FetchOptions,
): Promise<Response> {
  const { timeout, ...init } = options;
  if (!path.startsWith("/") || path.startsWith("//")) {
    throw new TypeError(`a path within the service begins with a slash: ${JSON.stringify(path)}`);
  }
  const signal = init.signal ?? undefined;
  const timeoutMs = timeout === undefined ? undefined : durationMs(timeout, "timeout");
  using limit = new OperationLimit(clock, "fetch", { signal, timeoutMs });
  // The caller's own signal goes on to end the answer's body; the time limit is for its head.
  const signals = signal === undefined ? [limit.signal] : [limit.signal, signal];
  const request: Request = {
    path,
    init: { ...init, signal: AbortSignal.any(signals) },
    isSafe: SAFE_METHODS.has((init.method ?? "GET").toUpperCase()),
    isRepeatable: !(init.body instanceof ReadableStream),
  };
  return await fetchSomewhere(service, balancer, request, limit.signal);
}

async function fetchSomewhere(
  service: string,
  balancer: Balancer,
  request: Request,
  limit: AbortSignal,
): Promise<Response> {
  const { isSafe, isRepeatable } = request;
  const tried = new Set<string>();
  for (;;) {
    const endpoint = balancer.pick(tried);
    if (endpoint === null) throw noEndpointError(service);
    tried.add(endpoint.key);
    const isLast = !isRepeatable || tried.size === ATTEMPTS_MAX || !balancer.hasOther(tried);
    try {
      const response = await attempt(balancer, endpoint, request);
      if (!isUnreached(response) || !isSafe || isLast) return response;
      await response.body?.cancel();
    } catch (error) {
      if (limit.aborted) throw endedError(limit.reason, isSafe);
      balancer.onFailure(endpoint);
      if (!isLast && (isSafe || !wasSent(error))) continue;
      const outcome = isSafe || !wasSent(error) ? "not-applied" : "unknown";
      const message = `${service}: ${endpoint.addr} did not answer`;
      throw new ConclaveError("UNAVAILABLE", outcome, message, { cause: error });
    }
  }
}

async function attempt(
  balancer: Balancer,
  endpoint: Endpoint,
  { path, init }: Request,
): Promise<Response> {
  const end = balancer.begin(endpoint);
  try {
    const response = await fetch(urlOf(endpoint, path), init);
    if (isUnreached(response)) balancer.onFailure(endpoint);
    else balancer.onSuccess(endpoint);
    return response;
  } finally {
    end();
  }
}

function isUnreached({ status }: Response): boolean {
  return UNREACHED_STATUSES.has(status);
}

function urlOf({ addr }: Endpoint, path: string): string {
  const base = addr.includes("://") ? addr.replace(/\/+$/, "") : `http://${addr}`;
  return base + path;
}

function wasSent(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return !NEVER_SENT.has(cause?.code);
}

/** The time limit or the caller ended it while a request was under way. */
function endedError(reason: unknown, isSafe: boolean): unknown {
  if (isSafe || !(reason instanceof ConclaveError)) return reason;
  return new ConclaveError(reason.code, "unknown", reason.message, { cause: reason.cause });
}
