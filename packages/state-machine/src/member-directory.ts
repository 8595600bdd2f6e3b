import { assert } from "@conclave/base";
import { Member } from "@conclave/wire";
import { idAt, memberKey, removedMemberKey, TABLE } from "./records.ts";
import { hashOfRecord, type StateDigest } from "./state-digest.ts";
import type { StateStore } from "./state-store.ts";

/** A member of the cluster, as its log tells. */
export interface ClusterMember {
  /** Empty until it has started. */
  readonly name: string;
  /** Where the others reach it. */
  readonly peerUrls: readonly string[];
  /** Empty until it has started. */
  readonly clientUrls: readonly string[];
  /** It is to learn and not to vote. A member that is to vote may still be learning: votes are consensus' to know. */
  readonly isLearner: boolean;
}

/** One of those that formed the cluster: known to all members before the first entry of the log. */
export interface Founder {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** A committed change of the membership. Who votes from then on was decided by consensus already. */
export interface MembershipCommand {
  readonly change: "add-voter" | "add-learner" | "promote" | "remove" | "update";
  readonly id: bigint;
  /** An etcdserverpb.Member: of an addition its peer URLs and whether it is to stay a learner, of an update its peer URLs. */
  readonly context: Uint8Array;
  /** All members from now on. */
  readonly memberIds: readonly bigint[];
}

const NO_BYTES = new Uint8Array(0);

/**
 * Who is a member, where each is reached, and who was one: the ids of removed members are never used again (E23). What
 * the founders are is the same everywhere and not recorded; records say what came after.
 */
export class MemberDirectory {
  readonly #store: StateStore;
  readonly #digest: StateDigest;
  readonly #founders: ReadonlyMap<bigint, ClusterMember>;
  /** Members with a record; the fields of a founder that it leaves empty are as they were at first. */
  readonly #records = new Map<bigint, ClusterMember>();
  readonly #removed = new Set<bigint>();
  /** All members, from the three above. */
  readonly #members = new Map<bigint, ClusterMember>();

  constructor(store: StateStore, digest: StateDigest, founders: readonly Founder[]) {
    this.#store = store;
    this.#digest = digest;
    this.#founders = new Map(founders.map((founder) => [founder.id, founderAsMember(founder)]));
    this.clear();
  }

  /** By id, in no order. */
  all(): ReadonlyMap<bigint, ClusterMember> {
    return this.#members;
  }

  /** Ids that belonged to members and belong to nobody any more. */
  removed(): ReadonlySet<bigint> {
    return this.#removed;
  }

  /** A member tells its name and client URLs; its later word replaces its earlier one. @returns false if it is no member */
  publish(body: Uint8Array): boolean {
    const { ID, name, clientURLs } = Member.decode(body);
    if (!this.#members.has(ID)) return false;
    this.#write(ID, { ...this.#recordOf(ID), name, clientUrls: clientURLs });
    return true;
  }

  /** Takes in a change that consensus has decided: it cannot be refused any more. */
  execute({ change, id, context, memberIds }: MembershipCommand): void {
    switch (change) {
      case "add-voter":
      case "add-learner": {
        const { peerURLs, isLearner } = Member.decode(context);
        assert(!this.#removed.has(id), "the id of a removed member is not used again");
        this.#write(id, { ...NOTHING_KNOWN, peerUrls: peerURLs, isLearner });
        break;
      }
      case "promote":
        // Field by field: an update of the one must not reach the other (E24).
        if (this.#members.get(id)?.isLearner === true) {
          this.#write(id, { ...this.#recordOf(id), isLearner: false });
        }
        break;
      case "update":
        this.#write(id, { ...this.#recordOf(id), peerUrls: Member.decode(context).peerURLs });
        break;
      case "remove":
        this.#remove(id);
        break;
    }
    assert(
      memberIds.length === this.#members.size,
      "the directory has as many members as vote or learn",
    );
    assert(
      memberIds.every((member) => this.#members.has(member)),
      "who votes or learns is in the directory",
    );
  }

  #recordOf(id: bigint): ClusterMember {
    return this.#records.get(id) ?? NOTHING_KNOWN;
  }

  #write(id: bigint, record: ClusterMember): void {
    this.#dropFromDigest(id);
    this.#records.set(id, record);
    this.#digest.add(hashOfMember(id, record));
    this.#store.put(memberKey(id), encodeMember(id, record));
    this.#members.set(id, this.#complete(id, record));
  }

  #remove(id: bigint): void {
    this.#dropFromDigest(id);
    if (this.#records.delete(id)) this.#store.delete(memberKey(id));
    const key = removedMemberKey(id);
    this.#digest.add(hashOfRecord(key, NO_BYTES));
    this.#store.put(key, NO_BYTES);
    this.#removed.add(id);
    this.#members.delete(id);
  }

  #dropFromDigest(id: bigint): void {
    const before = this.#records.get(id);
    if (before !== undefined) this.#digest.remove(hashOfMember(id, before));
  }

  #complete(id: bigint, record: ClusterMember): ClusterMember {
    const founder = this.#founders.get(id);
    if (founder === undefined || record.peerUrls.length > 0) return record;
    return { ...record, peerUrls: founder.peerUrls };
  }

  /** Boot: takes in one record of the member table. */
  load(key: string, value: Uint8Array): void {
    const { name, clientURLs, peerURLs, isLearner } = Member.decode(value);
    const id = idAt(key, TABLE.member.length);
    const record = { name, clientUrls: clientURLs, peerUrls: peerURLs, isLearner };
    this.#records.set(id, record);
    this.#digest.add(hashOfMember(id, record));
    this.#members.set(id, this.#complete(id, record));
  }

  /** Boot: takes in one record of the table of removed members. */
  loadRemoved(key: string): void {
    const id = idAt(key, TABLE.removedMember.length);
    this.#removed.add(id);
    this.#digest.add(hashOfRecord(key, NO_BYTES));
    this.#members.delete(id);
  }

  /** Back to the cluster as it was founded. */
  clear(): void {
    this.#records.clear();
    this.#removed.clear();
    this.#members.clear();
    for (const [id, founder] of this.#founders) this.#members.set(id, founder);
  }
}

const NOTHING_KNOWN: ClusterMember = { name: "", peerUrls: [], clientUrls: [], isLearner: false };

function founderAsMember({ name, peerUrls }: Founder): ClusterMember {
  return { ...NOTHING_KNOWN, name, peerUrls };
}

function encodeMember(id: bigint, { name, clientUrls, peerUrls, isLearner }: ClusterMember) {
  return Member.encode({
    ID: id,
    name,
    clientURLs: clientUrls,
    peerURLs: peerUrls,
    isLearner,
  });
}

function hashOfMember(id: bigint, member: ClusterMember): number {
  return hashOfRecord(memberKey(id), encodeMember(id, member));
}
