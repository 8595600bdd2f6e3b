/** Whole members on one clock, one disk each and one network, drawn from one seed. */
export { IncarnationClock, microtasksDone } from "./clock.ts";
export {
  Cluster,
  type ClusterOptions,
  forkPrng,
  type Observer,
  SimulatedMember,
} from "./cluster.ts";
export { type DiskSpeed, MemberDisk } from "./disk.ts";
export { Network, type NetworkSpeed } from "./network.ts";
export { Trace } from "./trace.ts";
