import { clusterVersionOf, type EtcdVersion } from "../config/etcd-version.ts";
import type { HttpAnswer } from "./answer.ts";

/** Since this minor version `/version` tells the version of the storage too. */
const STORAGE_SINCE_MINOR = 6;

/**
 * `/version` as etcd words it. Clients pick API paths and features by it, so until the cluster has
 * agreed on a version it says so, in etcd's words.
 */
export function answerVersion(version: EtcdVersion, isClusterVersionDecided: boolean): HttpAnswer {
  const cluster = clusterVersionOf(version);
  const versions = {
    etcdserver: version.text,
    etcdcluster: isClusterVersionDecided ? cluster : "not_decided",
    ...(version.minor >= STORAGE_SINCE_MINOR
      ? { storage: isClusterVersionDecided ? cluster : "unknown" }
      : {}),
  };
  return { status: 200, contentType: "application/json", body: JSON.stringify(versions) };
}
