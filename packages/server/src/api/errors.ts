import type { StatusCode } from "@conclave/rpc";
import type { EtcdError } from "@conclave/wire";

/** Anything a call can be failed on. */
interface Failable {
  fail(code: StatusCode, message: string): void;
}

/** Answers a call with one of etcd's errors: the code and text that its clients switch on. */
export function failWith(call: Failable, error: EtcdError): void {
  call.fail(error.code as StatusCode, error.message);
}

/** An error of etcd's on its way through promises, where the lock and election services live. */
export class EtcdFailure extends Error {
  override readonly name = "EtcdFailure";
  readonly error: EtcdError;

  constructor(error: EtcdError) {
    super(error.message);
    this.error = error;
  }
}
