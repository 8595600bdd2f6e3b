import type { UnaryCall } from "@conclave/rpc";
import { type CommandResult, errorOfRefusal } from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { ReadWaiter } from "../node/read-gate.ts";
import type { ProposalWaiter } from "../node/waiting-proposals.ts";
import { failWith } from "./errors.ts";

/** Results of one kind, for instance `ResultOf<"put">`. */
export type ResultOf<Kind extends CommandResult["kind"]> = Extract<CommandResult, { kind: Kind }>;

/**
 * Answers a unary call with what became of its command: one object a call, no closure. `encode` is shared by all calls
 * of a method.
 */
export class CommandCall<Kind extends CommandResult["kind"]> implements ProposalWaiter {
  readonly #call: UnaryCall;
  readonly #kind: Kind;
  readonly #encode: (result: ResultOf<Kind>) => Uint8Array;

  constructor(call: UnaryCall, kind: Kind, encode: (result: ResultOf<Kind>) => Uint8Array) {
    this.#call = call;
    this.#kind = kind;
    this.#encode = encode;
  }

  onResult(result: CommandResult): void {
    if (result.kind === "refused") failWith(this.#call, errorOfRefusal(result.refusal));
    else if (isOfKind(result, this.#kind)) this.#call.reply(this.#encode(result));
    else failWith(this.#call, EtcdErrors.unknownMethod);
  }

  onRefused(error: EtcdError): void {
    failWith(this.#call, error);
  }
}

function isOfKind<Kind extends CommandResult["kind"]>(
  result: CommandResult,
  kind: Kind,
): result is ResultOf<Kind> {
  return result.kind === kind;
}

/** Answers a unary call once the state is fresh enough to read. */
export class ReadCall<Request> implements ReadWaiter {
  readonly #call: UnaryCall;
  readonly #request: Request;
  readonly #answer: (call: UnaryCall, request: Request) => void;

  constructor(
    call: UnaryCall,
    request: Request,
    answer: (call: UnaryCall, request: Request) => void,
  ) {
    this.#call = call;
    this.#request = request;
    this.#answer = answer;
  }

  onReadable(): void {
    if (this.#call.cancelled) failWith(this.#call, EtcdErrors.requestCanceled);
    else this.#answer(this.#call, this.#request);
  }

  onRefused(error: EtcdError): void {
    failWith(this.#call, error);
  }
}
