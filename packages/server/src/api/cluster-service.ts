import type { RpcServer, UnaryCall } from "@conclave/rpc";
import {
  Cluster,
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  type Member as MemberMessage,
  MemberPromoteRequest,
  MemberPromoteResponse,
  MemberRemoveRequest,
  MemberRemoveResponse,
  MemberUpdateRequest,
  MemberUpdateResponse,
} from "@conclave/wire";
import type { Member } from "../node/member.ts";
import type { MembershipChanged, MembershipRequest } from "../node/membership-request.ts";
import type { CallGuard } from "./call-guard.ts";
import { failWith } from "./errors.ts";
import { decoding } from "./validate.ts";
import { ReadCall } from "./waiters.ts";

/** The Cluster service: who is a member, and changes of that. */
export function registerClusterService(server: RpcServer, member: Member, guard: CallGuard): void {
  registerList(server, member, guard);
  const change = (
    call: UnaryCall,
    request: MembershipRequest,
    encode: (changed: MembershipChanged) => Uint8Array,
  ): void => {
    member.membershipChanges.submit(request, {
      onChanged: (changed) => call.reply(encode(changed)),
      onRefused: (error) => failWith(call, error),
    });
  };
  const header = () => member.header(0);
  const add = decoding(MemberAddRequest, (call, { peerURLs, isLearner }) => {
    change(call, { type: "add", peerUrls: peerURLs, isLearner }, ({ id }) => {
      const members = membersOf(member);
      const added = members.find(({ ID }) => ID === id) ?? null;
      return MemberAddResponse.encode({ header: header(), member: added, members });
    });
  });
  const remove = decoding(MemberRemoveRequest, (call, { ID }) => {
    change(call, { type: "remove", id: ID }, () => {
      // A member that was removed is not sent the entry that says so.
      const members = membersOf(member).filter((other) => other.ID !== ID);
      return MemberRemoveResponse.encode({ header: header(), members });
    });
  });
  const update = decoding(MemberUpdateRequest, (call, { ID, peerURLs }) => {
    change(call, { type: "update", id: ID, peerUrls: peerURLs }, () =>
      MemberUpdateResponse.encode({ header: header(), members: membersOf(member) }),
    );
  });
  const promote = decoding(MemberPromoteRequest, (call, { ID }) => {
    change(call, { type: "promote", id: ID }, () =>
      MemberPromoteResponse.encode({ header: header(), members: membersOf(member) }),
    );
  });
  server.unary(Cluster.MemberAdd.path, guard.guardUnary(add));
  server.unary(Cluster.MemberRemove.path, guard.guardUnary(remove));
  server.unary(Cluster.MemberUpdate.path, guard.guardUnary(update));
  server.unary(Cluster.MemberPromote.path, guard.guardUnary(promote));
}

function registerList(server: RpcServer, member: Member, guard: CallGuard): void {
  const answer = (call: UnaryCall): void => {
    const members = membersOf(member);
    call.reply(MemberListResponse.encode({ header: member.header(0), members }));
  };
  const list = decoding(MemberListRequest, (call, request) => {
    if (request.linearizable) member.readLinearizable(new ReadCall(call, request, answer));
    else answer(call);
  });
  server.unary(Cluster.MemberList.path, guard.exceptLearners(list));
}

/** As the state here tells them, by id. */
function membersOf({ machine }: Member): MemberMessage[] {
  const members = [...machine.members()].map(([ID, { name, peerUrls, clientUrls, isLearner }]) => ({
    ID,
    name,
    peerURLs: [...peerUrls],
    clientURLs: [...clientUrls],
    isLearner,
  }));
  return members.sort((a, b) => (a.ID < b.ID ? -1 : 1));
}
