/**
 * Fences, checked where they matter: at the resource. This entry depends on nothing, so services that hold no lock
 * themselves can use it.
 */
export { type FenceGate, type FenceStore, fenceGate, memoryFenceStore } from "./fence-gate.ts";
export { type FenceToken, fenceRevision, fenceText, StaleFenceError } from "./fence-token.ts";
export { grpcFenced, setFenceMetadata } from "./grpc-fence.ts";
export {
  expressFence,
  FENCE_HEADER,
  type FenceCheck,
  type FenceRefusal,
  fastifyFence,
  fenceHeaders,
  fenceRefusal,
  honoFence,
} from "./http-fence.ts";
export { type FoundObject, type ObjectPrecondition, objectPrecondition } from "./object-fence.ts";
export {
  type SqlDialect,
  type SqlFence,
  type SqlFenceColumn,
  type SqlFragment,
  sqlFence,
} from "./sql-fence.ts";
