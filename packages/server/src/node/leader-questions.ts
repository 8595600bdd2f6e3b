import type { MemberId } from "@conclave/raft";
import { Status } from "@conclave/rpc";
import { PeerPath } from "../peer/peer-protocol.ts";
import { decodeNumbers, encodeLeaseId } from "../peer/peer-service.ts";
import type { PeerTransport } from "../peer/peer-transport.ts";
import type { LeaderLeases } from "./lease-keeper.ts";

/** What a follower asks the leader about leases, whose time is the leader's to know. */
export function leaderLeasesOver(transport: Pick<PeerTransport, "call">): LeaderLeases {
  const ask = (
    leader: MemberId,
    path: string,
    id: bigint,
    count: number,
    answer: (numbers: number[] | null) => void,
  ): void => {
    transport.call(leader, path, encodeLeaseId(id), (status, body) => {
      const isAnswered = status.code === Status.OK && body !== null;
      answer(isAnswered ? decodeNumbers(body, count) : null);
    });
  };
  return {
    renew: (leader, id, answer) => {
      ask(leader, PeerPath.leaseRenew, id, 1, (numbers) => answer(numbers?.[0] ?? null));
    },
    remaining: (leader, id, answer) => {
      ask(leader, PeerPath.leaseRemaining, id, 2, (numbers) => {
        const [remaining, granted] = numbers ?? [];
        const isWhole = remaining !== undefined && granted !== undefined;
        answer(isWhole ? { remaining, granted } : null);
      });
    },
  };
}
