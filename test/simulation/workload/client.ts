import { nextBelow, type Prng } from "@conclave/base";
import {
  type CallStatus,
  Channel,
  type ClientStream,
  type ConnectionLimits,
  clockTurn,
} from "@conclave/rpc";
import { type Cluster, forkPrng, IncarnationClock } from "@conclave/testing/cluster";
import type { MethodDescriptor } from "@conclave/wire";
import type { History } from "../history.ts";

/** Between two operations. Milliseconds. */
const THINK_MS_MAX = 14;
/** A client's calls end by themselves after one of these: the patient see what comes late, the others get more done. Milliseconds. */
const CALL_TIMEOUTS_MS = [300, 1_000, 4_000] as const;

export interface Answer<Response> {
  readonly status: CallStatus;
  readonly response: Response | null;
}

/** A client process: what it says goes to members chosen at random, until it is told to stop. */
export class WorkClient {
  readonly name: string;
  readonly cluster: Cluster;
  readonly history: History;
  readonly prng: Prng;
  readonly clock: IncarnationClock;
  /** Milliseconds. */
  readonly callTimeoutMs: number;
  /** To the members in their order, as far as they were asked for. */
  readonly #channels: Channel[];
  #drawn = 0;
  /** Where the operations of a burst go; null: each to another member. */
  #burstMember: number | null = null;
  isStopping = false;
  isDone = false;

  constructor(cluster: Cluster, history: History, prng: Prng, name: string) {
    this.name = name;
    this.cluster = cluster;
    this.history = history;
    this.prng = prng;
    this.clock = new IncarnationClock(cluster.clock);
    this.callTimeoutMs = CALL_TIMEOUTS_MS[nextBelow(prng, CALL_TIMEOUTS_MS.length)] ?? 1_000;
    this.#channels = [...this.openChannels()];
  }

  /** One to each member, in their order. */
  openChannels(limits: Partial<ConnectionLimits> = {}): readonly Channel[] {
    return this.cluster.members.map(({ name }) => this.#openChannel(name, limits));
  }

  #openChannel(member: string, limits: Partial<ConnectionLimits> = {}): Channel {
    return new Channel({
      endpoints: [`${member}:2379`],
      clock: this.clock,
      atTurnEnd: clockTurn(this.clock),
      prng: forkPrng(this.prng),
      dial: this.cluster.network.dialer(this.name, this.name, member, `${member}/client`),
      connectTimeoutMs: 500,
      backoff: { initialMs: 50, maxMs: 300 },
      limits,
    });
  }

  /** Begins its work. What it does wrong itself fails the run. */
  start(work: (client: WorkClient) => Promise<void>): void {
    work(this).then(
      () => {
        this.isDone = true;
      },
      (error: unknown) => this.cluster.fail(error),
    );
  }

  /** It ends after the operation it is at. */
  stop(): void {
    this.isStopping = true;
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  /** From 0 to below `limit`. */
  below(limit: number): number {
    return nextBelow(this.prng, limit);
  }

  /** A text that nobody else in this run writes. */
  drawUnique(): string {
    this.#drawn += 1;
    return `${this.name}-${this.#drawn}`;
  }

  note(text: string): void {
    this.cluster.note(`${this.name} ${text}`);
  }

  think(maxMs: number = THINK_MS_MAX): Promise<void> {
    return this.clock.after(this.below(maxMs));
  }

  /** Several operations at once to one member: they share its frames, its batches and its entries. */
  async burst(count: number, operate: () => Promise<void>): Promise<void> {
    this.#burstMember = this.#drawMember();
    const operations = Array.from({ length: count }, operate);
    this.#burstMember = null;
    await Promise.all(operations);
  }

  /** To the member at a place among those of the cluster; members that joined since are met here. */
  channel(at: number = this.#burstMember ?? this.#drawMember()): Channel {
    for (const { name } of this.cluster.members.slice(this.#channels.length)) {
      this.#channels.push(this.#openChannel(name));
    }
    const channel = this.#channels[at];
    if (channel === undefined) throw new Error("a cluster has members");
    return channel;
  }

  #drawMember(): number {
    const { members } = this.cluster;
    const present = members.filter(({ isRemoved }) => !isRemoved);
    const drawn = present[this.below(present.length)];
    return drawn === undefined ? 0 : members.indexOf(drawn);
  }

  call<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    init: RequestInit,
  ): Promise<Answer<Response>> {
    return this.callEncoded(method, method.request.encode(init));
  }

  callEncoded<Request, Response, RequestInit, ResponseInit>(
    method: MethodDescriptor<Request, Response, RequestInit, ResponseInit>,
    body: Uint8Array,
  ): Promise<Answer<Response>> {
    return new Promise((resolve) => {
      this.history.pendingCalls += 1;
      const options = { timeoutMs: this.callTimeoutMs };
      this.channel().unary(method.path, body, options, (status, bytes) => {
        this.history.pendingCalls -= 1;
        resolve({ status, response: bytes === null ? null : method.response.decode(bytes) });
      });
    });
  }

  /** Opens a stream, to end when it ends or is told to. Its calls count as pending. */
  stream(
    path: string,
    handler: { onMessage(bytes: Uint8Array, stream: ClientStream): void; onEnd(): void },
    options: { readonly timeoutMs?: number; readonly metadata?: Record<string, string> },
    channel: Channel = this.channel(),
  ): ClientStream {
    this.history.pendingCalls += 1;
    const stream: ClientStream = channel.stream(path, options, {
      onMessage: (bytes) => handler.onMessage(bytes, stream),
      onEnd: () => {
        this.history.pendingCalls -= 1;
        handler.onEnd();
      },
    });
    return stream;
  }
}

export function bytesOfText(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The end of the range of all keys with a prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
