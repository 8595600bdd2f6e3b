import { Member } from "@conclave/wire";
import { idAt, memberKey, TABLE } from "./records.ts";
import { hashOfRecord, type StateDigest } from "./state-digest.ts";
import type { StateStore } from "./state-store.ts";

/** What a member tells about itself once it has started. */
export interface MemberAttributes {
  readonly name: string;
  readonly clientUrls: readonly string[];
}

/** Published attributes of members. Who is a member, and at which peer addresses, is Raft's to know. */
export class MemberDirectory {
  readonly #store: StateStore;
  readonly #digest: StateDigest;
  readonly #members = new Map<bigint, MemberAttributes>();

  constructor(store: StateStore, digest: StateDigest) {
    this.#store = store;
    this.#digest = digest;
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
    const before = this.#members.get(ID);
    if (before !== undefined) this.#digest.remove(hashOfMember(ID, before));
    const attributes = { name, clientUrls: clientURLs };
    this.#members.set(ID, attributes);
    this.#digest.add(hashOfMember(ID, attributes));
    this.#store.put(memberKey(ID), encodeMember(ID, attributes));
  }

  /** Boot: takes in one record of the member table. */
  load(key: string, value: Uint8Array): void {
    const { name, clientURLs } = Member.decode(value);
    const id = idAt(key, TABLE.member.length);
    const attributes = { name, clientUrls: clientURLs };
    this.#members.set(id, attributes);
    this.#digest.add(hashOfMember(id, attributes));
  }

  clear(): void {
    this.#members.clear();
  }
}

function encodeMember(id: bigint, { name, clientUrls }: MemberAttributes): Uint8Array {
  return Member.encode({ ID: id, name, clientURLs: clientUrls });
}

function hashOfMember(id: bigint, attributes: MemberAttributes): number {
  return hashOfRecord(memberKey(id), encodeMember(id, attributes));
}
