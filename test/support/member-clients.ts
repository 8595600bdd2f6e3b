import { afterAll } from "vitest";
import type { ServerUnderTest } from "./each-server.ts";
import type { UnaryCalls } from "./etcd-messages.ts";
import { type CallOptions, RawClient } from "./raw-client.ts";

/** One raw client per member of the server under test, closed when its suite ends. */
export class MemberClients {
  readonly #server: ServerUnderTest;
  readonly #clients = new Map<string, RawClient>();

  constructor(server: ServerUnderTest) {
    this.#server = server;
    afterAll(() => {
      for (const client of this.#clients.values()) client[Symbol.dispose]();
    });
  }

  /** The client of one member, by position. */
  at(position: number): RawClient {
    const member = this.#server.deployment.members[position];
    if (member === undefined) throw new Error(`no member ${position}`);
    return this.#to(member.endpoint);
  }

  all(): RawClient[] {
    return this.#server.deployment.endpoints.map((endpoint) => this.#to(endpoint));
  }

  /** The client of the next member in turn. */
  next(): RawClient {
    return this.#to(this.#server.deployment.nextMember().endpoint);
  }

  /** A unary call through the next member in turn. */
  call<Name extends keyof UnaryCalls>(
    name: Name,
    request: UnaryCalls[Name]["request"],
    options: CallOptions = {},
  ): Promise<UnaryCalls[Name]["response"]> {
    return this.next().call(name, request, options);
  }

  /** The store's revision now. */
  async revision(): Promise<number> {
    const { header } = await this.call("KV.Range", { key: "no-such-key" });
    return header.revision;
  }

  #to(endpoint: string): RawClient {
    let client = this.#clients.get(endpoint);
    if (client === undefined) {
      client = new RawClient(endpoint);
      this.#clients.set(endpoint, client);
    }
    return client;
  }
}

/** The end of the range of all keys that begin with `prefix`. Requires: its last byte is not 0xff. */
export function prefixEnd(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}
