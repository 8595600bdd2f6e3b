import {
  LockLostError,
  type LossReason,
  type Target,
  type Watch,
  type WatchOptions,
} from "@conclave/client";
import { type BegunHold, Client, Namespace } from "@conclave/client/simulation";
import type { History, WatchRecord } from "./history.ts";

type ClientParts = ConstructorParameters<typeof Client>;

/** A client whose watches write down what they deliver. */
export class RecordedClient extends Client {
  readonly #name: string;
  readonly #history: History;
  readonly #namespace: Namespace;

  constructor(name: string, history: History, parts: ClientParts) {
    super(...parts);
    this.#name = name;
    this.#history = history;
    this.#namespace = new Namespace(parts[1].namespace);
  }

  override watch(target: Target, options: WatchOptions = {}): Watch {
    const watch = super.watch(target, options);
    const history = this.#history;
    const record: WatchRecord = {
      client: this.#name,
      target: JSON.stringify(target),
      covers: coverOf(this.#namespace, target),
      fromRevision: options.from ?? null,
      delivered: [],
      waitingSinceMs: null,
    };
    // Without the other half of the changes there is nothing to compare with.
    if (options.only === undefined) history.watches.push(record);
    watch.started().then(
      (revision) => {
        record.fromRevision ??= revision + 1;
      },
      () => {},
    );
    const next = watch.next.bind(watch);
    watch.next = async () => {
      record.waitingSinceMs = history.nowMs;
      try {
        const result = await next();
        if (result.done !== true) {
          const { revision } = result.value;
          const key = Buffer.from(this.#namespace.keyOf(result.value.key)).toString();
          record.delivered.push({ revision, key, atMs: history.nowMs });
          history.note(`${this.#name} watches ${result.value.type} ${key} at ${revision}`);
        }
        return result;
      } finally {
        record.waitingSinceMs = null;
      }
    };
    return watch;
  }
}

function coverOf(namespace: Namespace, target: Target): (key: string) => boolean {
  const { key: from, rangeEnd: to } = namespace.rangeOf(target);
  return (key) => {
    const bytes = Buffer.from(key);
    if (to.length === 0) return bytes.equals(from);
    const hasNoEnd = to.length === 1 && to[0] === 0;
    return Buffer.compare(bytes, from) >= 0 && (hasNoEnd || Buffer.compare(bytes, to) < 0);
  };
}

/** Writes down when a hold begins and ends, and why. */
export function recordHold(history: History, client: string, hold: BegunHold): void {
  const { names } = hold;
  const fence = hold.fence.revision;
  const record = {
    client,
    names,
    fence,
    fromMs: history.nowMs,
    toMs: Number.POSITIVE_INFINITY,
    end: null as string | null,
  };
  history.holds.push(record);
  history.note(`${client} holds ${names} with fence ${fence}`);
  hold.signal.addEventListener(
    "abort",
    () => {
      const reason: unknown = hold.signal.reason;
      const end: LossReason | "released" =
        reason instanceof LockLostError ? reason.reason : "released";
      record.toMs = history.nowMs;
      record.end = end;
      history.note(`${client} no longer holds ${names} with fence ${fence}: ${end}`);
    },
    { once: true },
  );
}
