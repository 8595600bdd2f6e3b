import type { Channel } from "@conclave/rpc";
import { EventType, KV, Maintenance, Watch, WatchRequest, WatchResponse } from "@conclave/wire";
import { callUnary } from "./call-unary.ts";
import type { WatchedEvent } from "./operations.ts";
import { bytesOf, prefixEnd, textOf } from "./workers/bytes.ts";

const EVERYTHING = Uint8Array.of(0);
const CALL_TIMEOUT_MS = 5_000;
const LEDGER_TIMEOUT_MS = 20_000;

/** Every change up to `revision` as one member tells it, by a watch from the first on. @throws Error if it stays silent */
export function readLedger(channel: Channel, revision: number): Promise<WatchedEvent[]> {
  const events: WatchedEvent[] = [];
  return new Promise((resolve, reject) => {
    const stream = channel.stream(
      Watch.Watch.path,
      { timeoutMs: LEDGER_TIMEOUT_MS },
      {
        onMessage: (bytes) => {
          for (const { type, kv } of WatchResponse.decode(bytes).events) {
            if (kv === null) throw new Error("an event without a key");
            const value = type === EventType.DELETE ? null : textOf(kv.value);
            events.push({ revision: kv.modRevision, key: textOf(kv.key), value });
          }
          if ((events.at(-1)?.revision ?? 1) < revision) return;
          stream.cancel();
          resolve(events.filter((event) => event.revision <= revision));
        },
        onEnd: ({ message }) => {
          const last = events.at(-1)?.revision ?? 1;
          reject(new Error(`the ledger ends at revision ${last} of ${revision}: ${message}`));
        },
      },
    );
    const create = { key: EVERYTHING, rangeEnd: EVERYTHING, startRevision: 1 };
    stream.send(WatchRequest.encode({ createRequest: create }));
  });
}

/** The hash over all revisions of all keys, and up to which revision it goes. @throws Error without an answer */
export async function readHash(channel: Channel): Promise<{ hash: number; revision: number }> {
  const { response, status } = await callUnary(channel, Maintenance.HashKV, {}, CALL_TIMEOUT_MS);
  if (response === null) throw new Error(`no hash: ${status.message}`);
  return { hash: response.hash, revision: response.header?.revision ?? 0 };
}

/** How many keys begin with `prefix`. @throws Error without an answer */
export async function countKeys(channel: Channel, prefix: string): Promise<number> {
  const range = { key: bytesOf(prefix), rangeEnd: prefixEnd(prefix), countOnly: true };
  const { response, status } = await callUnary(channel, KV.Range, range, CALL_TIMEOUT_MS);
  if (response === null) throw new Error(`no count: ${status.message}`);
  return response.count;
}
