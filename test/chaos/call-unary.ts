import type { Caller, CallStatus } from "@conclave/rpc";
import type { MethodDescriptor } from "@conclave/wire";

export interface Answer<Response> {
  readonly status: CallStatus;
  readonly response: Response | null;
}

/** One call over one channel, sent once. Never rejects: the status tells. */
export function callUnary<Request, Response, RequestInit, ResponseInit>(
  caller: Caller,
  method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
  init: RequestInit,
  timeoutMs: number,
): Promise<Answer<Response>> {
  return new Promise((resolve) => {
    caller.unary(method.path, method.request.encode(init), { timeoutMs }, (status, bytes) => {
      resolve({ status, response: bytes === null ? null : method.response.decode(bytes) });
    });
  });
}
