import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type FenceGate,
  fenceGate,
  fenceRefusal,
  memoryFenceStore,
} from "@conclave/client/fencing";

/**
 * A resource that locks protect: an account with a balance. A write with a fence is let through by a gate, one without a
 * fence by nobody. `/think` answers only when the test says so: what takes long in the middle of a section.
 */
export class AccountService implements AsyncDisposable {
  balance = 100;
  readonly #gate: FenceGate = fenceGate(memoryFenceStore());
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #thinking: ServerResponse[] = [];

  /** Resolves to the address. */
  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get thinkers(): number {
    return this.#thinking.length;
  }

  /** Answers all who think. */
  endThinking(): void {
    for (const response of this.#thinking.splice(0)) response.end("done");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === "/think") {
      this.#thinking.push(response);
      return;
    }
    if (request.method === "GET") {
      response.end(`${this.balance}`);
      return;
    }
    const check = { gate: this.#gate, resource: () => "account", required: false };
    const refusal = await fenceRefusal(check, request, request.headers["fence-token"]);
    if (refusal === null)
      this.balance = Number(new URL(request.url ?? "", "http://x").searchParams.get("balance"));
    response.writeHead(refusal?.status ?? 204).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Writes a balance. Resolves to the status of the answer. */
export async function writeBalance(
  service: string,
  balance: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await fetch(`${service}/?balance=${balance}`, { method: "PUT", headers });
  return answer.status;
}

export async function readBalance(service: string): Promise<number> {
  return Number(await (await fetch(service)).text());
}
