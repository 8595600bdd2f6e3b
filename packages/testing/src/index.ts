export { monotonicFences, mutualExclusion, watchComplete } from "./checks.ts";
export {
  type AcceptedRecord,
  type ChangeRecord,
  type Check,
  History,
  HistoryError,
  type HoldRecord,
  type Recorded,
  type StopRecord,
  type WatchRecord,
} from "./history.ts";
export {
  type LinearizabilityVerdict,
  linearizability,
  type SequentialModel,
  type TimedOperation,
} from "./linearizability.ts";
export { SimulationError, simulate } from "./simulate.ts";
export {
  type Party,
  type SimulatedClientOptions,
  type SimulateOptions,
  Simulation,
} from "./simulation.ts";
export { startTestServer, type TestServer, type TestServerOptions } from "./test-server.ts";
