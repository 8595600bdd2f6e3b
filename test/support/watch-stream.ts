import type {
  StreamCalls,
  WatchCreateRequest,
  WatchEvent,
  WatchResponse,
} from "./etcd-messages.ts";
import type { MessageStream, RawClient } from "./raw-client.ts";

type WatchMessages = StreamCalls["Watch.Watch"];

/** A raw watch stream with the few steps that every test of it takes. */
export class WatchStream implements Disposable {
  readonly messages: MessageStream<WatchMessages["request"], WatchMessages["response"]>;

  constructor(client: RawClient) {
    this.messages = client.stream("Watch.Watch");
  }

  /** Creates a watcher and takes its first answer. */
  create(request: WatchCreateRequest): Promise<WatchResponse> {
    this.messages.send({ create_request: request });
    return this.messages.next();
  }

  cancel(watch_id: number): Promise<WatchResponse> {
    this.messages.send({ cancel_request: { watch_id } });
    return this.messages.next();
  }

  next(): Promise<WatchResponse> {
    return this.messages.next();
  }

  /** Takes answers until they have brought `count` events. @throws Error if there are more. */
  async events(count: number): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    while (events.length < count) events.push(...(await this.messages.next()).events);
    if (events.length > count) throw new Error(`${events.length} events instead of ${count}`);
    return events;
  }

  /**
   * Proves that nothing more was sent: creates a watcher that is refused and expects that refusal
   * next, since answers on one stream keep their order.
   */
  async expectNothingBefore(): Promise<void> {
    const refused = await this.create({ key: "b", range_end: "a" });
    if (!(refused.created && refused.canceled)) {
      throw new Error(
        `unexpected: ${JSON.stringify(refused, (_, v) => (typeof v === "bigint" ? `${v}` : v))}`,
      );
    }
  }

  [Symbol.dispose](): void {
    this.messages[Symbol.dispose]();
  }
}

/** One line per event, for comparing at a glance: `PUT key=value@mod`, `DELETE key@mod`. */
export function eventLine({ type, kv }: WatchEvent): string {
  return type === "PUT"
    ? `PUT ${kv.key}=${kv.value}@${kv.mod_revision}`
    : `DELETE ${kv.key}@${kv.mod_revision}`;
}
