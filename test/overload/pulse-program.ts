/**
 * Feels a server's pulse from a process of its own, so that what is measured is the server and not whoever loads it: a
 * lease's keep-alive and a put, each again and again. Argument: the endpoint. On each line of input it prints what it felt
 * since the last one, as a line of JSON.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createChannel } from "@conclave/rpc";
import {
  KV,
  Lease,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  PutRequest,
} from "@conclave/wire";

const EVERY_MS = 50;
const TTL_SECONDS = 10;

const [endpoint = ""] = process.argv.slice(2);
const channel = createChannel({ endpoints: [endpoint] });

interface Felt {
  keepAliveMs: number[];
  putMs: number[];
  refusals: Record<string, number>;
}

const nothing = (): Felt => ({ keepAliveMs: [], putMs: [], refusals: {} });
let felt = nothing();
/** When what is still unanswered was asked; null: nothing is. */
let putAskedMs: number | null = null;
let keepAliveAskedMs: number | null = null;

function call(path: string, request: Uint8Array): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    channel.unary(path, request, { timeoutMs: 30_000, waitForReady: true }, (status, response) => {
      if (response === null)
        felt.refusals[status.message] = (felt.refusals[status.message] ?? 0) + 1;
      resolve(response);
    });
  });
}

async function putAgainAndAgain(): Promise<void> {
  const request = PutRequest.encode({ key: Buffer.from("pulse"), value: Buffer.from("beat") });
  for (;;) {
    putAskedMs = performance.now();
    if ((await call(KV.Put.path, request)) !== null)
      felt.putMs.push(performance.now() - putAskedMs);
    putAskedMs = null;
    await sleep(EVERY_MS);
  }
}

async function keepAlive(): Promise<void> {
  const granted = await call(
    Lease.LeaseGrant.path,
    LeaseGrantRequest.encode({ TTL: TTL_SECONDS, ID: 0n }),
  );
  if (granted === null) throw new Error("no lease");
  const request = LeaseKeepAliveRequest.encode({ ID: LeaseGrantResponse.decode(granted).ID });
  let onAnswer: () => void = () => {};
  const stream = channel.stream(
    Lease.LeaseKeepAlive.path,
    {},
    {
      onMessage: () => onAnswer(),
      onEnd: ({ message }) => {
        felt.refusals[`keep-alives ended: ${message}`] = 1;
        onAnswer();
      },
    },
  );
  for (;;) {
    keepAliveAskedMs = performance.now();
    stream.send(request);
    await new Promise<void>((resolve) => {
      onAnswer = resolve;
    });
    felt.keepAliveMs.push(performance.now() - keepAliveAskedMs);
    keepAliveAskedMs = null;
    await sleep(EVERY_MS);
  }
}

void putAgainAndAgain();
void keepAlive();
createInterface({ input: process.stdin }).on("line", () => {
  // Who waits now has waited that long at least.
  if (putAskedMs !== null) felt.putMs.push(performance.now() - putAskedMs);
  if (keepAliveAskedMs !== null) felt.keepAliveMs.push(performance.now() - keepAliveAskedMs);
  process.stdout.write(`${JSON.stringify(felt)}\n`);
  felt = nothing();
});
