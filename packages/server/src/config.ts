export { ConfigError } from "./config/config-error.ts";
export { type EndpointUrl, isPeerUrl } from "./config/endpoint-url.ts";
export { clusterVersionOf, type EtcdVersion } from "./config/etcd-version.ts";
export type { InitialMember } from "./config/initial-cluster.ts";
export { type ClusterIds, initialIds } from "./config/initial-ids.ts";
export { clusterIdOf, idText } from "./config/member-id.ts";
export {
  type ServerConfig,
  type ServerOptions,
  type StorageLocation,
  serverDefaults,
  type TlsFiles,
} from "./config/options.ts";
export { resolveServerConfig } from "./config/resolve.ts";
