import type { MirrorParts } from "../mirror/mirror-source.ts";
import type { Coordination } from "../ownership/coordination.ts";

/** What registrations and views of services of one client work with. */
export interface DiscoveryParts {
  readonly coordination: Coordination;
  readonly mirror: MirrorParts;
}
