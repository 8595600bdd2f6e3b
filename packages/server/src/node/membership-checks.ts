import { type MemberId, quorumOf } from "@conclave/raft";
import type { ClusterMember } from "@conclave/state-machine";
import type { EtcdError } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { isPeerUrl } from "../config.ts";
import type { MembershipRequest } from "./membership-request.ts";

/** How long a member must have been connected to count as healthy: etcd's HealthInterval. Milliseconds. */
export const HEALTH_INTERVAL_MS = 5_000;

/** etcd's default of `--max-learners`: each costs the leader as much as a voter. Count. */
export const LEARNERS_MAX = 1;

/** What the leader knows when it judges a change. */
export interface MembershipView {
  readonly self: MemberId;
  readonly members: ReadonlyMap<MemberId, ClusterMember>;
  readonly nowMs: number;
  /** Since when the leader can write to a member; null: it cannot. */
  readonly connectedSinceMs: (id: MemberId) => number | null;
  /** etcd's `--strict-reconfig-check`: changes that would lose the quorum are refused. */
  readonly isStrict: boolean;
}

/** Why a change is refused that etcd refuses, in etcd's order; null: it may be proposed. */
export function refusalOf(request: MembershipRequest, view: MembershipView): EtcdError | null {
  switch (request.type) {
    case "add":
      return refusalOfAddition(request, view);
    case "remove":
      return refusalOfRemoval(request.id, view);
    case "update":
      return refusalOfUpdate(request, view);
    case "promote":
      return refusalOfPromotion(request.id, view);
  }
}

function refusalOfAddition(
  { peerUrls, isLearner }: Extract<MembershipRequest, { type: "add" }>,
  view: MembershipView,
): EtcdError | null {
  if (!arePeerUrls(peerUrls)) return EtcdErrors.memberBadUrls;
  if (view.isStrict && !isLearner) {
    if (!isReadyToAdd(view)) return EtcdErrors.notEnoughStartedMembers;
    const voting = votingIds(view);
    if (countHealthy(voting, view) < quorumOf(voting.length)) return EtcdErrors.unhealthy;
  }
  if (isUrlTaken(peerUrls, null, view)) return EtcdErrors.peerUrlExists;
  const learners = [...view.members.values()].filter((member) => member.isLearner);
  return isLearner && learners.length >= LEARNERS_MAX ? EtcdErrors.tooManyLearners : null;
}

function refusalOfRemoval(id: MemberId, view: MembershipView): EtcdError | null {
  const member = view.members.get(id);
  if (member === undefined) return EtcdErrors.memberNotFound;
  if (member.isLearner) return null;
  const others = votingIds(view).filter((other) => other !== id);
  if (others.length === 0) return EtcdErrors.notEnoughStartedMembers;
  if (!view.isStrict) return null;
  if (countStarted(others, view) < quorumOf(others.length)) {
    return EtcdErrors.notEnoughStartedMembers;
  }
  // One that is down is no part of those who agree now: the others lose nothing by its removal.
  if (id !== view.self && view.connectedSinceMs(id) === null) return null;
  return countHealthy(others, view) < quorumOf(others.length) ? EtcdErrors.unhealthy : null;
}

function refusalOfUpdate(
  { id, peerUrls }: Extract<MembershipRequest, { type: "update" }>,
  view: MembershipView,
): EtcdError | null {
  if (!arePeerUrls(peerUrls)) return EtcdErrors.memberBadUrls;
  if (!view.members.has(id)) return EtcdErrors.memberNotFound;
  return isUrlTaken(peerUrls, id, view) ? EtcdErrors.peerUrlExists : null;
}

/** Whether it has caught up is consensus' to say. */
function refusalOfPromotion(id: MemberId, view: MembershipView): EtcdError | null {
  const member = view.members.get(id);
  if (member === undefined) return EtcdErrors.memberNotFound;
  if (!member.isLearner) return EtcdErrors.memberNotLearner;
  if (!view.isStrict) return null;
  // The one to be promoted counts as started: it has caught up, or is refused for that.
  const voting = votingIds(view);
  const isReady = countStarted(voting, view) + 1 >= quorumOf(voting.length + 1);
  return isReady ? null : EtcdErrors.notEnoughStartedMembers;
}

/** The new member counts for the quorum, and as not started. From one to two there is no other way. */
function isReadyToAdd(view: MembershipView): boolean {
  const voting = votingIds(view);
  const started = countStarted(voting, view);
  return (voting.length === 1 && started === 1) || started >= quorumOf(voting.length + 1);
}

/** Those that vote, or are to vote once they have caught up. */
function votingIds({ members }: MembershipView): MemberId[] {
  return [...members].filter(([, { isLearner }]) => !isLearner).map(([id]) => id);
}

function countStarted(ids: readonly MemberId[], { members }: MembershipView): number {
  return ids.filter((id) => members.get(id)?.name !== "").length;
}

function countHealthy(ids: readonly MemberId[], view: MembershipView): number {
  return ids.filter((id) => {
    if (id === view.self) return true;
    const sinceMs = view.connectedSinceMs(id);
    return sinceMs !== null && view.nowMs - sinceMs >= HEALTH_INTERVAL_MS;
  }).length;
}

function isUrlTaken(
  peerUrls: readonly string[],
  by: MemberId | null,
  { members }: MembershipView,
): boolean {
  return [...members].some(
    ([id, member]) => id !== by && member.peerUrls.some((url) => peerUrls.includes(url)),
  );
}

function arePeerUrls(urls: readonly string[]): boolean {
  return urls.length > 0 && urls.every(isPeerUrl);
}
