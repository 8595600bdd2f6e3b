import type { RpcServer, UnaryCall } from "@conclave/rpc";
import { Cluster, MemberListRequest, MemberListResponse } from "@conclave/wire";
import type { Member } from "../node/member.ts";
import { decoding } from "./validate.ts";
import { ReadCall } from "./waiters.ts";

/** The part of the Cluster service that looks: who is a member. */
export function registerClusterService(server: RpcServer, member: Member): void {
  const answer = (call: UnaryCall): void => {
    const published = member.machine.memberAttributes();
    const { learners } = member.raft.membership;
    const members = member.members.map(({ id, name, peerUrls }) => {
      const attributes = published.get(id);
      return {
        ID: id,
        name: attributes?.name ?? name,
        peerURLs: [...peerUrls],
        clientURLs: [...(attributes?.clientUrls ?? [])],
        isLearner: learners.includes(id),
      };
    });
    members.sort((a, b) => (a.ID < b.ID ? -1 : 1));
    call.reply(MemberListResponse.encode({ header: member.header(0), members }));
  };
  server.unary(
    Cluster.MemberList.path,
    decoding(MemberListRequest, (call, request) => {
      if (request.linearizable) member.readLinearizable(new ReadCall(call, request, answer));
      else answer(call);
    }),
  );
}
