import { EventType, type Event as WireEvent } from "@conclave/wire";
import { KeyValue } from "../kv/key-value.ts";
import type { Namespace } from "../kv/keys.ts";

/**
 * One change of one key.
 *
 * @example
 * ```ts
 * const { revision } = await client.kv.put("orders/1", '{ "state": "paid" }');
 * for await (const event of client.watch("orders/", { from: revision })) {
 *   if (event.type === "put") console.log(event.keyText, event.json(), event.text);
 *   console.log(event.kv.version, event.revision, event.key.length + event.value.length, "bytes");
 *   break; // to go on later: client.watch("orders/", { from: event.next })
 * }
 * ```
 */
export class WatchEvent {
  /** `"delete"` also when the key's lease expired: the protocol does not tell the two apart. */
  readonly type: "put" | "delete";
  /** The pair after the change. After a delete it has only its key and, as `modRevision`, the delete's revision. */
  readonly kv: KeyValue;
  /** The pair before the change, if asked for, there, and not compacted. */
  readonly previous: KeyValue | null;
  /** Revision of the change. */
  readonly revision: number;
  /**
   * Where to watch `from` to go on after this event. While more events of the same revision follow, it is that
   * revision again: a crash between them repeats some and loses none.
   */
  readonly next: number;

  constructor(namespace: Namespace, wire: WireEvent, isLastOfRevision: boolean) {
    const kv = wire.kv!;
    this.type = wire.type === EventType.DELETE ? "delete" : "put";
    this.kv = new KeyValue(namespace, kv);
    this.previous = wire.prevKv === null ? null : new KeyValue(namespace, wire.prevKv);
    this.revision = kv.modRevision;
    this.next = isLastOfRevision ? kv.modRevision + 1 : kv.modRevision;
  }

  /** The key, without the client's namespace. */
  get key(): Uint8Array {
    return this.kv.key;
  }

  /** The key as text. */
  get keyText(): string {
    return this.kv.keyText;
  }

  /** The value after the change; empty after a delete. */
  get value(): Uint8Array {
    return this.kv.value;
  }

  /** The value as text. */
  get text(): string {
    return this.kv.text;
  }

  /** The value as JSON. @throws SyntaxError if it is none, as after a delete */
  json(): unknown {
    return this.kv.json();
  }
}

/** The events of one response, in order. */
export function watchEvents(namespace: Namespace, events: readonly WireEvent[]): WatchEvent[] {
  return events.map((event, at) => {
    const following = events[at + 1];
    const isLast = following?.kv?.modRevision !== event.kv?.modRevision;
    return new WatchEvent(namespace, event, isLast);
  });
}
