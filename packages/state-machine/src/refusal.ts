import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";

/** A refusal by its name in the table of etcd's errors. It is part of the replicated outcome, hence a value. */
export type Refusal = keyof typeof EtcdErrors;

const ERRORS: Readonly<Record<Refusal, EtcdError>> = { ...EtcdErrors };

/** What a client is told of a refusal. */
export function errorOfRefusal(refusal: Refusal): EtcdError {
  return ERRORS[refusal];
}

/** Either an answer or why there is none. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };
