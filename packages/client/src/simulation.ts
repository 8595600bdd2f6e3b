/** A client in parts, for whoever gives it time, chance and network of their own: `@conclave/testing`. No semver. */
// What a client loads on demand is loaded here at once, for simulated time does not wait for files.
import "./admin/admin.ts";
import "./admin/users.ts";
import "./auth/sign-in.ts";
import "./barriers/open.ts";
import "./discovery/registration.ts";
import "./discovery/service.ts";
import "./elections/campaign.ts";
import "./elections/lead.ts";
import "./elections/observe.ts";
import "./elections/resume.ts";
import "./elections/stand.ts";
import "./elections/transfer.ts";
import "./lease/renew-once.ts";
import "./locks/lock-delay.ts";
import "./locks/lock-wait.ts";
import "./locks/query.ts";
import "./locks/reentry.ts";
import "./locks/try-lock.ts";
import "./mirror/live.ts";
import "./mirror/mirror.ts";
import "./ownership/contention.ts";
import "./ownership/hold-scope.ts";
import "./ownership/joint-grant.ts";
import "./session/worker/keep-alive-worker.ts";
import "./transact/counter.ts";
import "./transact/transact.ts";
import "./transport/repeat.ts";

export { Client } from "./client.ts";
export { type Duration, durationMs } from "./duration.ts";
export { Namespace } from "./kv/keys.ts";
export { type ConnectOptions, clientTerms } from "./options.ts";
export type { BegunHold, Runtime } from "./runtime.ts";
export type { ClosableCaller } from "./transport/transport.ts";
