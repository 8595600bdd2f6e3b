import type { KeyValue } from "../kv/key-value.ts";
import { Fence } from "../ownership/fence.ts";

/**
 * Who leads, as the observers see it.
 *
 * @example
 * ```ts
 * const election = client.election("billing", { value: { host: "host-a", port: 8080 } });
 * await using term = await election.campaign();
 * for await (const leader of election.observe()) {
 *   if (leader === null) continue; // nobody leads
 *   console.log(leader.text, leader.json(), `${leader.value.length} bytes`);
 *   console.log(`with fence ${leader.fence} by ${leader.key}`, leader.key === term.key);
 *   break;
 * }
 * ```
 */
export class Leader {
  /** What it says of itself. */
  readonly value: Uint8Array;
  /** The fence of its term. */
  readonly fence: Fence;
  /** Its queue entry. */
  readonly key: string;
  /** The value as text. */
  readonly text: string;

  /** @internal */
  constructor(kv: KeyValue) {
    this.value = kv.value;
    this.fence = new Fence(kv.createRevision);
    this.key = kv.keyText;
    this.text = kv.text;
  }

  /** The value as JSON. @throws SyntaxError if it is none. */
  json(): unknown {
    return JSON.parse(this.text);
  }
}
