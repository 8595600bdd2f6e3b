/** Whole members on one clock, one disk each and one network, drawn from one seed. */
export { IncarnationClock, microtasksDone } from "./clock.ts";
export { Cluster, type ClusterOptions, type Observer } from "./cluster.ts";
export { type DiskCopy, type DiskSpeed, MemberDisk } from "./disk.ts";
export { DiskTroubles } from "./disk-troubles.ts";
export { FAILPOINTS, type FailpointAction, Failpoints } from "./failpoints.ts";
export { type Forgotten, SimulatedMember } from "./member.ts";
export { type LinkWeather, Network, type NetworkSpeed } from "./network.ts";
export { forkPrng } from "./prng.ts";
export type { RotKind } from "./rot.ts";
export { MessageTampering, type Tampering, type TamperKind } from "./tampering.ts";
export { Trace } from "./trace.ts";
