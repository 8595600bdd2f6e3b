import { checkSetting } from "./config-error.ts";
import { clusterIdOf, memberIdOf } from "./member-id.ts";
import type { ServerConfig } from "./options.ts";

/** Ids that every member computes from the same flags, as etcd does. */
export interface ClusterIds {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** In the order of `config.initialMembers`. */
  readonly memberIds: readonly bigint[];
}

/** The ids a new cluster starts with. @throws ConfigError if two members would get one id */
export function initialIds(config: ServerConfig): ClusterIds {
  const memberIds = config.initialMembers.map(({ peerUrls }) =>
    memberIdOf(
      peerUrls.map((url) => url.text),
      config.initialClusterToken,
    ),
  );
  checkSetting(
    new Set(memberIds).size === memberIds.length,
    "initialCluster",
    "gives two members one id",
  );
  const own = memberIds[config.initialMembers.findIndex(({ name }) => name === config.name)];
  checkSetting(own !== undefined, "initialCluster", "does not contain this member");
  return { clusterId: clusterIdOf(memberIds), memberId: own, memberIds };
}
