import { type Client, type ConnectOptions, connect } from "@conclave/client";
import { createChannel } from "@conclave/rpc";
import { afterEach } from "vitest";
import { connectOver } from "../../packages/client/src/client.ts";
import { FaultyCaller } from "../../packages/client/src/testing/faulty-caller.ts";
import type { ClosableCaller } from "../../packages/client/src/transport/transport.ts";
import type { ServerUnderTest } from "../support/each-server.ts";

/** Clients of one suite, each in a namespace of the test, closed after it. */
export function clientsOf(server: ServerUnderTest) {
  const open: Client[] = [];
  let namespace = server.prefix("sdk");
  afterEach(async () => {
    await Promise.all(open.splice(0).map((client) => client.close()));
    namespace = server.prefix("sdk");
  });
  return {
    /** The namespace of the running test. */
    get namespace() {
      return namespace;
    },

    connect(options: ConnectOptions = {}): Promise<Client> {
      return this.connectTo(server.deployment.endpoints, options);
    },

    /** A client of some members only. */
    async connectTo(endpoints: readonly string[], options: ConnectOptions = {}): Promise<Client> {
      const client = await connect(endpoints, { namespace, ...options });
      open.push(client);
      return client;
    },

    /** A client over a caller of the test's own, around a channel to every member. */
    async connectThrough<Caller extends ClosableCaller>(
      wrap: (channel: ClosableCaller) => Caller,
      options: ConnectOptions = {},
    ) {
      const caller = wrap(createChannel({ endpoints: server.deployment.endpoints }));
      const client = await connectOver(() => caller, { namespace, ...options });
      open.push(client);
      return { client, caller };
    },

    /** A client whose calls the test can lose. */
    async connectFaulty(options: ConnectOptions = {}) {
      const wrap = (channel: ClosableCaller) => new FaultyCaller(channel);
      const { client, caller } = await this.connectThrough(wrap, options);
      return { client, faults: caller };
    },
  };
}

/** Resolves when the signal aborts, or at once if it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
