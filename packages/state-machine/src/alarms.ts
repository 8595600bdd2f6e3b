import { AlarmAction, type AlarmMember, type AlarmRequest, AlarmType } from "@conclave/wire";
import { alarmKey, idAt, TABLE } from "./records.ts";
import type { StateStore } from "./state-store.ts";

const NO_BYTES = new Uint8Array(0);

/** Alarms raised for members. One that is active anywhere restricts all members alike; see `command-executor.ts`. */
export class Alarms {
  readonly #store: StateStore;
  /** By record key, which is ordered by alarm, then by member. */
  readonly #active = new Map<string, AlarmMember>();

  constructor(store: StateStore) {
    this.#store = store;
  }

  get isAny(): boolean {
    return this.#active.size > 0;
  }

  isActive(alarm: AlarmType): boolean {
    for (const active of this.#active.values()) if (active.alarm === alarm) return true;
    return false;
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
      if (active === undefined) this.#store.put(key, NO_BYTES);
      this.#active.set(key, raised);
      return [raised];
    }
    if (action !== AlarmAction.DEACTIVATE || active === undefined) return [];
    this.#active.delete(key);
    this.#store.delete(key);
    return [active];
  }

  /** Boot: takes in one record of the alarm table. */
  load(key: string): void {
    const alarm = key.charCodeAt(TABLE.alarm.length);
    this.#active.set(key, { alarm, memberID: idAt(key, TABLE.alarm.length + 1) });
  }

  clear(): void {
    this.#active.clear();
  }
}
