import type { FenceGate } from "./fence-gate.ts";
import { type FenceToken, fenceText, StaleFenceError } from "./fence-token.ts";

/**
 * The header that carries a fence. Metadata of gRPC uses the same name.
 *
 * @example
 * ```ts
 * import { FENCE_HEADER } from "@conclave/client/fencing";
 *
 * const request = new Request("http://orders.internal/42", { headers: { [FENCE_HEADER]: "42" } });
 * console.log(request.headers.get(FENCE_HEADER));
 * ```
 */
export const FENCE_HEADER = "fence-token";

/**
 * The header to send with a request that a lock protects: `fetch(url, { headers: fenceHeaders(lock.fence) })`.
 *
 * @example
 * ```ts
 * import { fenceHeaders } from "@conclave/client/fencing";
 *
 * await client.locks.request("order/42", async (lock) => {
 *   const request = { method: "PUT", headers: fenceHeaders(lock.fence), signal: lock.signal };
 *   console.log(new Request("http://orders.internal/42", request).headers.get("fence-token"));
 * });
 * ```
 */
export function fenceHeaders(token: FenceToken): Readonly<Record<string, string>> {
  return { [FENCE_HEADER]: fenceText(token) };
}

/** How a service checks the fences of its requests. */
export interface FenceCheck<Request> {
  /** What lets fences through. */
  readonly gate: FenceGate;
  /** What the request would change, as the gate knows it. */
  readonly resource: (request: Request) => string;
  /** Refuse requests without a fence. Default true. */
  readonly required?: boolean;
}

/** An answer that refuses a request. */
export interface FenceRefusal {
  /** 412: stale. 428 (RFC 6585): missing. 400: no fence at all. */
  readonly status: 400 | 412 | 428;
  /** For the body of the answer. */
  readonly message: string;
}

/**
 * Null if the request may go on.
 * @throws what the gate's store throws
 * @example
 * ```ts
 * import { type FenceCheck, fenceGate, fenceRefusal, memoryFenceStore } from "@conclave/client/fencing";
 *
 * const check: FenceCheck<Request> = {
 *   gate: fenceGate(memoryFenceStore()),
 *   resource: ({ url }) => url,
 *   required: false, // readers have none
 * };
 * async function serve(request: Request): Promise<Response> {
 *   const refusal = await fenceRefusal(check, request, request.headers.get("fence-token"));
 *   if (refusal !== null) return new Response(refusal.message, { status: refusal.status });
 *   return new Response("paid");
 * }
 * const late = new Request("http://orders.internal/42", { headers: { "fence-token": "42" } });
 * console.log((await serve(late)).status); // 200, until a greater one has come
 * ```
 */
export async function fenceRefusal<Request>(
  check: FenceCheck<Request>,
  request: Request,
  header: string | readonly string[] | null | undefined,
): Promise<FenceRefusal | null> {
  if (header === null || header === undefined || header.length === 0) {
    const isRefused = check.required ?? true;
    return isRefused ? { status: 428, message: `${FENCE_HEADER} is required` } : null;
  }
  if (typeof header !== "string") return { status: 400, message: `${FENCE_HEADER} came twice` };
  try {
    fenceText(header);
  } catch {
    return { status: 400, message: `${FENCE_HEADER}: 1 to 16 digits` };
  }
  try {
    await check.gate.admit(check.resource(request), header);
    return null;
  } catch (error) {
    if (error instanceof StaleFenceError) return { status: 412, message: error.message };
    throw error;
  }
}

/** What is used of Node's, Express's and Fastify's requests. */
interface HeadersOfNode {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is used of Express's response. */
interface ExpressResponse {
  status(code: number): { json(body: unknown): unknown };
}

/**
 * Middleware for Express, which answers a stale request with 412.
 *
 * @example
 * ```ts
 * import type { IncomingMessage } from "node:http";
 * import { expressFence, fenceGate, memoryFenceStore } from "@conclave/client/fencing";
 *
 * const gate = fenceGate(memoryFenceStore());
 * const fenced = expressFence({ gate, resource: ({ url }: IncomingMessage) => url ?? "" });
 * // app.put("/orders/:id", fenced, writeOrder);
 * ```
 */
export function expressFence<Request extends HeadersOfNode>(check: FenceCheck<Request>) {
  return (request: Request, response: ExpressResponse, next: (error?: unknown) => void): void => {
    fenceRefusal(check, request, request.headers[FENCE_HEADER]).then((refusal) => {
      if (refusal === null) next();
      else response.status(refusal.status).json({ error: refusal.message });
    }, next);
  };
}

/** What is used of Fastify's reply. */
interface FastifyReply {
  code(status: number): { send(body: unknown): unknown };
}

/**
 * A hook for Fastify, to be given as `preHandler`. It answers a stale request with 412.
 *
 * @example
 * ```ts
 * import type { IncomingMessage } from "node:http";
 * import { fastifyFence, fenceGate, memoryFenceStore } from "@conclave/client/fencing";
 *
 * const gate = fenceGate(memoryFenceStore());
 * const preHandler = fastifyFence({ gate, resource: ({ url }: IncomingMessage) => url ?? "" });
 * // app.put("/orders/:id", { preHandler }, writeOrder);
 * ```
 */
export function fastifyFence<Request extends HeadersOfNode>(check: FenceCheck<Request>) {
  return async (request: Request, reply: FastifyReply): Promise<unknown> => {
    const refusal = await fenceRefusal(check, request, request.headers[FENCE_HEADER]);
    if (refusal === null) return undefined;
    reply.code(refusal.status).send({ error: refusal.message });
    return reply;
  };
}

/** What is used of Hono's context. */
interface HonoContext {
  readonly req: { header(name: string): string | undefined };
}

/**
 * Middleware for Hono, and whatever answers with web responses. It answers a stale request with 412.
 *
 * @example
 * ```ts
 * import { fenceGate, honoFence, memoryFenceStore } from "@conclave/client/fencing";
 *
 * interface OrderContext {
 *   readonly req: { header(name: string): string | undefined; param(name: "id"): string };
 * }
 *
 * const gate = fenceGate(memoryFenceStore());
 * const fenced = honoFence({ gate, resource: ({ req }: OrderContext) => req.param("id") });
 * // app.put("/orders/:id", fenced, writeOrder);
 * ```
 */
export function honoFence<Context extends HonoContext>(check: FenceCheck<Context>) {
  return async (context: Context, next: () => Promise<void>): Promise<Response | undefined> => {
    const refusal = await fenceRefusal(check, context, context.req.header(FENCE_HEADER));
    if (refusal !== null) {
      return Response.json({ error: refusal.message }, { status: refusal.status });
    }
    await next();
    return undefined;
  };
}
