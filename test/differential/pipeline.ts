import { type Channel, createChannel, Status } from "@conclave/rpc";
import { type Method, methodOf } from "../support/etcd-protocol.ts";
import type { Step } from "./random-requests.ts";
import type { Answer } from "./reference-store.ts";

const NAME_OF_STATUS = new Map(Object.entries(Status).map(([name, code]) => [code, name]));
const TIMEOUT_MS = 30_000;

/** Many requests under way on one connection; they leave in the order in which they were given. */
export class Pipeline implements Disposable {
  readonly #channel: Channel;
  readonly #methods = new Map<Step["call"], Method>();

  constructor(endpoint: string) {
    this.#channel = createChannel({ endpoints: [endpoint] });
  }

  answer({ call, request }: Step): Promise<Answer> {
    const method = this.#method(call);
    const options = { timeoutMs: TIMEOUT_MS, waitForReady: true };
    return new Promise((resolve) => {
      this.#channel.unary(method.path, method.encode(request), options, (status, response) => {
        if (response === null) {
          resolve({ code: NAME_OF_STATUS.get(status.code), text: status.message });
          return;
        }
        const answer = comparable(method.decode(Buffer.from(response))) as Answer;
        const { TTL: _timeLeft, ...timeless } = answer;
        resolve(call === "Lease.LeaseTimeToLive" ? timeless : answer);
      });
    });
  }

  #method(call: Step["call"]): Method {
    const known = this.#methods.get(call) ?? methodOf(call);
    this.#methods.set(call, known);
    return known;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

/** Without ids and terms, without what is absent, and with lists sorted whose order etcd leaves open. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name, field]) => field !== null && !LEFT_OUT.has(name))
    .map(([name, field]) => [name, UNORDERED[name]?.(field) ?? comparable(field)] as const);
  return Object.fromEntries(entries);
}

const LEFT_OUT = new Set(["cluster_id", "member_id", "raft_term"]);
const UNORDERED: Record<string, (list: unknown) => unknown> = {
  keys: (keys) => (keys as string[]).toSorted(),
  leases: (leases) => (leases as { ID: bigint }[]).toSorted((a, b) => (a.ID < b.ID ? -1 : 1)),
};
