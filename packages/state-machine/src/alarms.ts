import { AlarmAction, type AlarmMember, type AlarmRequest, AlarmType } from "@conclave/wire";
import { alarmKey, idAt, TABLE } from "./records.ts";
import { hashOfRecord, type StateDigest } from "./state-digest.ts";
import type { StateStore } from "./state-store.ts";

const NO_BYTES = new Uint8Array(0);

/** For whom an alarm is raised that no single member can be blamed for. */
export const WHOLE_CLUSTER = 0n;

/** Alarms raised for members. What they stop is decided in `command-executor.ts`. */
export class Alarms {
  readonly #store: StateStore;
  readonly #digest: StateDigest;
  /** By record key, which is ordered by alarm, then by member. */
  readonly #active = new Map<string, AlarmMember>();

  constructor(store: StateStore, digest: StateDigest) {
    this.#store = store;
    this.#digest = digest;
  }

  get isAny(): boolean {
    return this.#active.size > 0;
  }

  isActive(alarm: AlarmType): boolean {
    for (const active of this.#active.values()) if (active.alarm === alarm) return true;
    return false;
  }

  isRaisedFor(alarm: AlarmType, memberId: bigint): boolean {
    return this.#active.size > 0 && this.#active.has(alarmKey(alarm, memberId));
  }

  /** Active alarms, of one type if it is not NONE. */
  list(alarm: AlarmType = AlarmType.NONE): readonly AlarmMember[] {
    const keys = [...this.#active.keys()].sort();
    const all = keys.map((key) => this.#active.get(key)!);
    return alarm === AlarmType.NONE ? all : all.filter((active) => active.alarm === alarm);
  }

  /** @returns the alarms to answer with: those asked for, or the one raised or taken back */
  execute(request: AlarmRequest): readonly AlarmMember[] {
    const { action, alarm, memberID } = request;
    if (action === AlarmAction.GET) return this.list(alarm);
    if (alarm === AlarmType.NONE) return [];
    const key = alarmKey(alarm, memberID);
    const active = this.#active.get(key);
    if (action === AlarmAction.ACTIVATE) {
      const raised = active ?? { memberID, alarm };
      if (active === undefined) {
        this.#store.put(key, NO_BYTES);
        this.#digest.add(hashOfRecord(key, NO_BYTES));
      }
      this.#active.set(key, raised);
      return [raised];
    }
    if (action !== AlarmAction.DEACTIVATE || active === undefined) return [];
    this.#remove(key);
    return [active];
  }

  /** Takes back whatever is raised for a member. */
  removeMember(memberId: bigint): void {
    for (const [key, { memberID }] of [...this.#active])
      if (memberID === memberId) this.#remove(key);
  }

  #remove(key: string): void {
    this.#active.delete(key);
    this.#store.delete(key);
    this.#digest.remove(hashOfRecord(key, NO_BYTES));
  }

  /** Boot: takes in one record of the alarm table. */
  load(key: string): void {
    const alarm = key.charCodeAt(TABLE.alarm.length);
    this.#active.set(key, { alarm, memberID: idAt(key, TABLE.alarm.length + 1) });
    this.#digest.add(hashOfRecord(key, NO_BYTES));
  }

  clear(): void {
    this.#active.clear();
  }
}
