import type { EtcdErrors } from "@conclave/wire";

/** A refusal by its name in the table of etcd's errors. It is part of the replicated outcome, hence a value. */
export type Refusal = keyof typeof EtcdErrors;

/** Either an answer or why there is none. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };
