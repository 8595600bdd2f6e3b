import { deferred } from "@conclave/base";
import type { MemberId } from "@conclave/raft";
import { CommandKind, type StateMachine } from "@conclave/state-machine";
import { Member as MemberMessage } from "@conclave/wire";
import type { ProposalWaiter } from "./waiting-proposals.ts";

export interface SelfPublicationOptions {
  readonly id: MemberId;
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly machine: StateMachine;
  readonly hasLeader: () => boolean;
  readonly propose: (kind: CommandKind, body: Uint8Array, waiter: ProposalWaiter) => void;
}

/** Tells the cluster this member's name and client URLs, once there is a leader, if it does not know them yet. */
export class SelfPublication {
  readonly #o: SelfPublicationOptions;
  readonly #done = deferred<void>();
  #isUnderWay = false;
  #isDone = false;

  constructor(options: SelfPublicationOptions) {
    this.#o = options;
  }

  /** Resolves once the cluster knows them. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  maybePublish(): void {
    if (this.#isUnderWay || this.#isDone || !this.#o.hasLeader()) return;
    if (this.#isKnown) {
      this.#end();
      return;
    }
    const { id, name, clientUrls } = this.#o;
    this.#isUnderWay = true;
    const body = MemberMessage.encode({ ID: id, name, clientURLs: [...clientUrls] });
    this.#o.propose(CommandKind.MEMBER_ATTRIBUTES, body, {
      onResult: ({ kind }) => {
        this.#isUnderWay = false;
        // Refused: the log of those who decide does not have this member yet.
        if (kind !== "refused") this.#end();
      },
      onRefused: () => {
        this.#isUnderWay = false;
      },
    });
  }

  get #isKnown(): boolean {
    const { id, name, clientUrls, machine } = this.#o;
    const known = machine.members().get(id);
    return known?.name === name && known.clientUrls.join() === clientUrls.join();
  }

  #end(): void {
    this.#isDone = true;
    this.#done.resolve();
  }
}
