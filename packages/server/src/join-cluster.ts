import type { Clock } from "@conclave/base";
import { createChannel, eventLoopTurn, Status } from "@conclave/rpc";
import {
  ConfigError,
  clusterIdOf,
  type InitialMember,
  idText,
  type ServerConfig,
} from "./config.ts";
import type { Logger } from "./observe/logger.ts";
import { type ClusterDescription, decodeClusterDescription } from "./peer/cluster-description.ts";
import { openFrame } from "./peer/peer-frame.ts";
import { PeerPath } from "./peer/peer-protocol.ts";
import type { Identity, KnownMember } from "./storage/identity.ts";

/** How long a member that is to join waits for one that knows it. Milliseconds. */
const JOIN_TIMEOUT_MS = 20_000;
const ASK_TIMEOUT_MS = 2_000;
const ASK_AGAIN_MS = 250;
const NO_BYTES = new Uint8Array(0);

/**
 * Who a member without data is in a cluster that runs: the members named in `--initial-cluster` are asked over the peer
 * port. Those that lag behind may not know it yet, so they are asked for a while.
 * @throws ConfigError that says what does not fit
 */
export async function joinCluster(
  config: ServerConfig,
  clock: Clock,
  logger: Logger,
): Promise<Identity> {
  const others = config.initialMembers.filter(({ name }) => name !== config.name);
  if (others.length === 0) {
    throw new ConfigError(
      "initialCluster",
      "must name members of the cluster that is to be joined",
    );
  }
  const deadlineMs = clock.nowMs() + JOIN_TIMEOUT_MS;
  for (;;) {
    let problem =
      "names no member that answers; are they running, and do they serve these peer URLs?";
    for (const { peerUrls } of others) {
      const description = await describedBy(
        peerUrls.map(({ text }) => text),
        clock,
      );
      if (description === null) continue;
      const place = placeIn(description, config);
      if (typeof place !== "string") {
        const { clusterId, founders, members } = description;
        const contacts = members.filter(({ id }) => id !== place.id);
        logger.info("joining", { cluster: idText(clusterId), member: idText(place.id) });
        return { clusterId, memberId: place.id, name: config.name, members: founders, contacts };
      }
      problem = place;
    }
    if (clock.nowMs() >= deadlineMs) throw new ConfigError("initialCluster", problem);
    await new Promise<void>((resolve) => clock.setTimer(ASK_AGAIN_MS, resolve));
  }
}

/** What the member at these URLs says of its cluster; null if it does not answer. */
function describedBy(
  endpoints: readonly string[],
  clock: Clock,
): Promise<ClusterDescription | null> {
  const channel = createChannel({ endpoints, clock, atTurnEnd: eventLoopTurn() });
  return new Promise((resolve) => {
    const options = { timeoutMs: ASK_TIMEOUT_MS };
    channel.unary(PeerPath.describeCluster, NO_BYTES, options, (status, body) => {
      channel.close();
      const content = status.code === Status.OK && body !== null ? openFrame(body) : null;
      resolve(content === null ? null : decodeClusterDescription(content));
    });
  });
}

/** The member's own entry among the members of the cluster, or why it cannot join as it. */
export function placeIn(
  { clusterId, founders, members }: ClusterDescription,
  { initialMembers, name }: Pick<ServerConfig, "initialMembers" | "name">,
): KnownMember | string {
  if (clusterIdOf(founders.map(({ id }) => id)) !== clusterId) {
    return `names a member whose cluster ${idText(clusterId)} was not formed by those it says`;
  }
  const isSame = (named: InitialMember, member: KnownMember): boolean =>
    named.peerUrls.map(({ text }) => text).join() === [...member.peerUrls].sort().join();
  const stranger = initialMembers.find((named) => !members.some((member) => isSame(named, member)));
  if (stranger !== undefined) {
    return `has ${stranger.name} at ${urlsOf(stranger)}, which is no member of the cluster; add it first`;
  }
  const missing = members.find((member) => !initialMembers.some((named) => isSame(named, member)));
  if (missing !== undefined) {
    return `lacks the member at ${missing.peerUrls.join()}; it must name all members`;
  }
  const own = initialMembers.find((named) => named.name === name);
  const place = members.find((member) => own !== undefined && isSame(own, member));
  if (place === undefined) return "does not contain this member";
  if (place.name !== "" || founders.some(({ id }) => id === place.id)) {
    const reason =
      "and there is no data here: what it has voted for is lost, so it cannot come back";
    return `has ${name} as member ${idText(place.id)}, which has taken part already, ${reason}; remove that member and add it again`;
  }
  return place;
}

function urlsOf({ peerUrls }: InitialMember): string {
  return peerUrls.map(({ text }) => text).join();
}
