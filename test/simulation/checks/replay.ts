import { byteStringOf } from "@conclave/base";
import { CommandKind, CommandReader, decodeLeaseExpire } from "@conclave/state-machine";
import { CompactionRequest, LeaseGrantRequest, LeaseRevokeRequest } from "@conclave/wire";
import {
  ModelRefusal,
  ReferenceModel,
} from "../../../packages/state-machine/src/reference-model.ts";
import type { Operation } from "../history.ts";
import { modelAnswer } from "./answers.ts";
import type { AppliedCommands } from "./state.ts";
import { check } from "./violation.ts";

/** The command of a client that made a revision, and what the model answers to it. */
export interface Written {
  readonly body: Uint8Array;
  readonly answer: Uint8Array | null;
}

/** Called at each revision while the model stands at it, with what made it, before anything is compacted at it. */
type OnRevision = (revision: number, model: ReferenceModel, written: Written | null) => void;

/** When a lease ended, by the log. */
export interface LeaseEnd {
  readonly index: number;
  readonly isExpired: boolean;
}

const METHODS: Readonly<Record<number, Operation["method"]>> = {
  [CommandKind.PUT]: "put",
  [CommandKind.DELETE_RANGE]: "delete-range",
  [CommandKind.TXN]: "txn",
};

/**
 * The committed log run through the reference model, a second implementation: what every revision must be, and what
 * every request must have been answered. What became of requests without an answer is read off the log as well.
 */
export class Replay {
  readonly model = new ReferenceModel();
  /** How often each request's bytes were applied. */
  readonly applied = new Map<string, number>();
  readonly leaseEnds = new Map<bigint, LeaseEnd>();
  readonly #onRevision: OnRevision;

  constructor(ledger: readonly AppliedCommands[], onRevision: OnRevision) {
    this.#onRevision = onRevision;
    onRevision(this.model.revision, this.model, null);
    const reader = new CommandReader();
    for (const [index, { term, data }] of ledger.entries()) {
      reader.reset(data);
      while (reader.next()) this.#execute(reader.kind, reader.body(), index, term);
    }
  }

  #execute(kind: number, body: Uint8Array, index: number, term: number): void {
    const { model } = this;
    const before = model.revision;
    const method = METHODS[kind] ?? null;
    let answer: Uint8Array | null = null;
    try {
      if (method === null) this.#executeOther(kind, body, index, term);
      else {
        const text = byteStringOf(body);
        this.applied.set(text, (this.applied.get(text) ?? 0) + 1);
        answer = modelAnswer(model, method, body);
      }
    } catch (error) {
      if (!(error instanceof ModelRefusal)) throw error;
    }
    if (model.revision === before) return;
    const written = method === null ? null : { body, answer };
    this.#onRevision(model.revision, model, written);
  }

  #executeOther(kind: number, body: Uint8Array, index: number, term: number): void {
    const { model } = this;
    switch (kind) {
      case CommandKind.COMPACT:
        model.compact(CompactionRequest.decode(body).revision);
        break;
      case CommandKind.LEASE_GRANT: {
        const { ID, TTL } = LeaseGrantRequest.decode(body);
        model.grant(ID, TTL);
        break;
      }
      case CommandKind.LEASE_REVOKE:
        this.#endLease(LeaseRevokeRequest.decode(body).ID, index, false);
        break;
      case CommandKind.LEASE_EXPIRE: {
        const expire = decodeLeaseExpire(body);
        // L6: the word of a leader of another term is void.
        if (expire.term !== term) break;
        for (const id of expire.leases) if (model.leases.has(id)) this.#endLease(id, index, true);
        break;
      }
      default:
        break;
    }
  }

  #endLease(id: bigint, index: number, isExpired: boolean): void {
    const { model } = this;
    const keys = model.leases.has(id) ? model.keysOf(id).length : 0;
    const before = model.revision;
    model.revoke(id);
    this.leaseEnds.set(id, { index, isExpired });
    check(
      model.revision === before + (keys > 0 ? 1 : 0),
      () =>
        `L3: the end of lease ${id} with ${keys} keys made revision ${model.revision} after ${before}`,
    );
  }
}
