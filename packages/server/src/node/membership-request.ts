import type { LogIndex, MemberId } from "@conclave/raft";
import type { EtcdError } from "@conclave/wire";

/** What a client asks of the membership. */
export type MembershipRequest =
  | { readonly type: "add"; readonly peerUrls: readonly string[]; readonly isLearner: boolean }
  | { readonly type: "remove"; readonly id: MemberId }
  | { readonly type: "update"; readonly id: MemberId; readonly peerUrls: readonly string[] }
  | { readonly type: "promote"; readonly id: MemberId };

/** A change that was committed and applied. */
export interface MembershipChanged {
  /** The member it is about. */
  readonly id: MemberId;
  readonly index: LogIndex;
}

/** What a leader answers to another member that asked for a change. */
export type MembershipOutcome =
  | ({ readonly kind: "changed" } & MembershipChanged)
  | { readonly kind: "refused"; readonly error: EtcdError }
  /** Nothing was done, for this member does not lead. */
  | { readonly kind: "not-leading" };

/** Ids as text: JSON knows no 64-bit numbers. */
function idsAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString(16) : value;
}

function idsFromText(key: string, value: unknown): unknown {
  return key === "id" && typeof value === "string" ? BigInt(`0x${value}`) : value;
}

/** Members of one version understand each other (PEER_PROTOCOL_VERSION); these messages are in no log. */
export function encodePeerJson(value: MembershipRequest | MembershipOutcome): Uint8Array {
  return Buffer.from(JSON.stringify(value, idsAsText));
}

function decodeJson(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString(), idsFromText);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** @returns null if the bytes are no request. */
export function decodeMembershipRequest(bytes: Uint8Array): MembershipRequest | null {
  const { type, id, peerUrls, isLearner } = decodeJson(bytes);
  const isOfMember = typeof id === "bigint";
  if (type === "remove" && isOfMember) return { type, id };
  if (type === "promote" && isOfMember) return { type, id };
  if (!isTexts(peerUrls)) return null;
  if (type === "update" && isOfMember) return { type, id, peerUrls };
  if (type === "add" && typeof isLearner === "boolean") return { type, peerUrls, isLearner };
  return null;
}

/** @returns null if the bytes are no outcome. */
export function decodeMembershipOutcome(bytes: Uint8Array): MembershipOutcome | null {
  const { kind, id, index, error } = decodeJson(bytes);
  if (kind === "not-leading") return { kind };
  if (kind === "changed" && typeof id === "bigint" && typeof index === "number") {
    return { kind, id, index };
  }
  if (kind !== "refused" || typeof error !== "object" || error === null) return null;
  const { code, message }: Record<string, unknown> = { ...error };
  if (typeof code !== "number" || typeof message !== "string") return null;
  return { kind, error: { code, message } as EtcdError };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
