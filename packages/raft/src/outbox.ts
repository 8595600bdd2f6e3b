import type { Message, SnapshotMark } from "./message.ts";
import type { ReadState } from "./ready.ts";

/** What handlers produced since the last Ready. Emptied by every `takeReady`, so a turn bounds it. */
export class Outbox {
  messages: Message[] = [];
  durableMessages: Message[] = [];
  reads: ReadState[] = [];
  refusedReads: number[] = [];
  snapshot: SnapshotMark | null = null;
  isRecovered = false;

  get isEmpty(): boolean {
    return (
      this.messages.length === 0 &&
      this.durableMessages.length === 0 &&
      this.reads.length === 0 &&
      this.refusedReads.length === 0 &&
      this.snapshot === null &&
      !this.isRecovered
    );
  }
}
