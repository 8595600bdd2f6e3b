import { type CallOptions, type CallStatus, createChannel, type StatusCode } from "@conclave/rpc";
import type { MethodDescriptor } from "@conclave/wire";
import { onTestFinished } from "vitest";
import type { ServerOptions } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";

/** Every port is a free one, nothing is written to a disk, elections are short. */
export const IN_MEMORY = {
  dataDirectory: { inMemory: true },
  listenClientUrls: ["http://127.0.0.1:0"],
  listenPeerUrls: ["http://127.0.0.1:0"],
} as const satisfies ServerOptions;

/** How a call ended that was not answered. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly code: StatusCode;

  constructor({ code, message }: Pick<CallStatus, "code" | "message">) {
    super(message);
    this.code = code;
  }
}

/** A client of a member, for the test's time. */
export function clientOf(server: Pick<RunningServer, "clientUrls">) {
  const channel = createChannel({ endpoints: server.clientUrls });
  onTestFinished(() => channel.close());
  /** Rejects with {@link CallFailure}. */
  const call = <Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    request: RequestInit,
    options: CallOptions = {},
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      const body = method.request.encode(request);
      channel.unary(method.path, body, { timeoutMs: 10_000, ...options }, (status, answer) => {
        if (answer === null) reject(new CallFailure(status));
        else resolve(method.response.decode(answer));
      });
    });
  return { channel, call };
}

/** One member in memory, stopped with the test, and a client of it. */
export async function runningMember(options: ServerOptions = {}) {
  const server = await startServer({ ...IN_MEMORY, ...options });
  onTestFinished(() => server.close());
  return { server, ...clientOf(server) };
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array): string => Buffer.from(value).toString();
