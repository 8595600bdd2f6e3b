import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { Deployment, type DeploymentOptions, type ServerKind } from "./server-process.ts";
import { conclaveServer, etcdServer, type Tool } from "./tools.ts";

export interface EachServerOptions {
  /** Tools beside the server without which the suite cannot run. */
  readonly needs?: readonly Tool[];
  /** Default: both. */
  readonly kinds?: readonly ServerKind[];
  /** Default: one member, and three. */
  readonly sizes?: readonly (1 | 3)[];
  readonly flags?: DeploymentOptions["flags"];
}

/** What a suite's tests see of the server they are run against. */
export interface ServerUnderTest {
  readonly kind: ServerKind;
  readonly size: 1 | 3;
  /** The running deployment. Only valid inside tests and hooks. */
  readonly deployment: Deployment;
  /** A key prefix that no other call of this function returned: `<word><n>/`. */
  prefix(word: string): string;
}

const servers: Record<ServerKind, Tool> = { conclave: conclaveServer, etcd: etcdServer };
const START_TIMEOUT_MS = 60_000;

/**
 * Runs one suite against each kind of server in each size, every one freshly started and shared by
 * the suite's tests, which therefore keep to their own key prefixes. What is not installed is
 * skipped under a title that says so. The members' logs are printed when a test fails.
 */
export function describeEachServer(
  area: string,
  suite: (server: ServerUnderTest) => void,
  options: EachServerOptions = {},
): void {
  for (const kind of options.kinds ?? (["conclave", "etcd"] as const)) {
    const missing = [servers[kind], ...(options.needs ?? [])].filter((tool) => !tool.present);
    const reason = missing.map((tool) => ` (${tool.name}: not installed)`).join("");
    for (const size of options.sizes ?? ([1, 3] as const)) {
      const title = `${area}, against ${kind} with ${size === 1 ? "one member" : "three members"}`;
      describe.skipIf(missing.length > 0)(`${title}${reason}`, () => {
        let running: Deployment | undefined;
        let prefixes = 0;
        beforeAll(async () => {
          running = await Deployment.start({ kind, members: size, flags: options.flags ?? [] });
        }, START_TIMEOUT_MS);
        afterAll(async () => {
          await running?.[Symbol.asyncDispose]();
        });
        beforeEach((context) => {
          context.onTestFailed(() => {
            if (running !== undefined) console.error(running.logTail());
          });
        });
        suite({
          kind,
          size,
          get deployment() {
            if (running === undefined) throw new Error("the server has not been started");
            return running;
          },
          prefix: (word) => `${word}${++prefixes}/`,
        });
      });
    }
  }
}
