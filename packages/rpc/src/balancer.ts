import type { CallOptions } from "./call.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Subchannel } from "./subchannel.ts";

/** Chooses where a call goes: round-robin over the endpoints that are connected and have room. */
export class Balancer {
  subchannels: readonly Subchannel[] = [];
  #next = 0;

  /** @returns null if no endpoint that may serve the call can take it now. */
  pick(options: CallOptions): ClientConnection | null {
    if (options.endpoint !== undefined) {
      const connection = this.#find(options.endpoint)?.connection ?? null;
      return connection?.hasRoom === true ? connection : null;
    }
    const { avoidEndpoint } = options;
    let avoided: ClientConnection | null = null;
    let othersConnected = false;
    for (let tried = 0; tried < this.subchannels.length; tried += 1) {
      const at = this.#next % this.subchannels.length;
      this.#next = at + 1;
      const { target, connection } = this.subchannels[at]!;
      if (connection === null) continue;
      if (target.endpoint === avoidEndpoint) {
        avoided = connection;
        continue;
      }
      othersConnected = true;
      if (connection.hasRoom) return connection;
    }
    return !othersConnected && avoided?.hasRoom === true ? avoided : null;
  }

  #find(endpoint: string): Subchannel | undefined {
    return this.subchannels.find(({ target }) => target.endpoint === endpoint);
  }

  /**
   * Why no call of this kind can be made and trying has not helped: each endpoint with its cause. Null while an
   * endpoint is connected, or being tried for the first time.
   */
  failureOf(options: CallOptions): string | null {
    const candidates =
      options.endpoint === undefined
        ? this.subchannels
        : this.subchannels.filter(({ target }) => target.endpoint === options.endpoint);
    if (candidates.length === 0) {
      return options.endpoint === undefined ? "no endpoints" : `no endpoint ${options.endpoint}`;
    }
    if (candidates.some(({ failure }) => failure === null)) return null;
    return candidates.map(({ target, failure }) => `${target.endpoint}: ${failure}`).join("; ");
  }
}
