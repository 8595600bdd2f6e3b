import { Member } from "@conclave/wire";
import { idAt, memberKey, TABLE } from "./records.ts";
import type { StateStore } from "./state-store.ts";

/** What a member tells about itself once it has started. */
export interface MemberAttributes {
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/** Published attributes of members. Who is a member, and at which peer addresses, is Raft's to know. */
export class MemberDirectory {
  readonly #store: StateStore;
  readonly #members = new Map<bigint, MemberAttributes>();

  constructor(store: StateStore) {
    this.#store = store;
  }

  get(id: bigint): MemberAttributes | null {
    return this.#members.get(id) ?? null;
  }

  /** All that were published, by member id. */
  all(): ReadonlyMap<bigint, MemberAttributes> {
    return this.#members;
  }

  /** A member's later word replaces its earlier one. */
  publish(body: Uint8Array): void {
    const { ID, name, clientURLs } = Member.decode(body);
    this.#members.set(ID, { name, clientUrls: clientURLs });
    this.#store.put(memberKey(ID), Member.encode({ ID, name, clientURLs }));
  }

  /** Boot: takes in one record of the member table. */
  load(key: string, value: Uint8Array): void {
    const { name, clientURLs } = Member.decode(value);
    this.#members.set(idAt(key, TABLE.member.length), { name, clientUrls: clientURLs });
  }

  clear(): void {
    this.#members.clear();
  }
}
