import type { StreamOpener, UnaryHandler } from "./call.ts";
import type { DeadlineWheel } from "./deadlines.ts";
import type { Intake } from "./intake.ts";
import type { ServerLimits } from "./limits.ts";
import type { UnaryServerCall } from "./server-call.ts";
import type { StatusCode } from "./status.ts";

/** What a server does with a path. */
export type Method =
  | { readonly kind: "unary"; readonly handler: UnaryHandler }
  | { readonly kind: "stream"; readonly opener: StreamOpener };

/** Answers calls of methods that nobody registered. */
export type Fallback = (path: string) => { readonly code: StatusCode; readonly message: string };

/** What the connections of one server share. */
export interface ServerCore {
  readonly limits: ServerLimits;
  readonly methods: ReadonlyMap<string, Method>;
  readonly deadlines: DeadlineWheel;
  readonly intake: Intake;
  fallback: Fallback;
  /** A record that is free, made fit for a new call. */
  takeUnaryCall(): UnaryServerCall;
}
