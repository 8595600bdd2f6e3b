import type { Target } from "@conclave/rpc";
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
} from "@grpc/grpc-js";
import type { TlsOptions } from "../transport/h2.ts";
import { credentialsOf, serverNameOptions } from "./grpc-credentials.ts";

/** One endpoint of a {@link GrpcCaller}: a channel of grpc-js that is kept connected, and what is known about it. */
export class GrpcEndpoint {
  readonly endpoint: string;
  readonly client: Client;
  /** How grpc-js calls it. */
  readonly target: string;
  readonly #onChange: () => void;
  #state = connectivityState.IDLE;
  #hasFailed = false;
  #isClosed = false;

  /** `onChange` is told when it connected, or failed to. */
  constructor(
    target: Target,
    tls: TlsOptions | undefined,
    own: ChannelCredentials | undefined,
    options: ChannelOptions,
    onChange: () => void,
  ) {
    this.endpoint = target.endpoint;
    this.#onChange = onChange;
    const encrypted = target.tls ?? tls !== undefined;
    const chosen = own ?? (encrypted ? credentialsOf(tls ?? {}) : credentials.createInsecure());
    this.client = new Client(grpcTarget(target), chosen, { ...serverNameOptions(tls), ...options });
    this.target = this.client.getChannel().getTarget();
  }

  get isReady(): boolean {
    return this.#state === connectivityState.READY;
  }

  /** Whether the last attempt to connect failed, and none has succeeded since. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Connects, and again whenever the connection is gone. */
  connect(): void {
    this.#look();
  }

  #look(): void {
    // Asked after its end, a channel of grpc-js would connect again.
    if (this.#isClosed) return;
    const channel = this.client.getChannel();
    this.#state = channel.getConnectivityState(true);
    if (this.#state === connectivityState.READY) this.#hasFailed = false;
    if (this.#state === connectivityState.TRANSIENT_FAILURE) this.#hasFailed = true;
    channel.watchConnectivityState(this.#state, Number.POSITIVE_INFINITY, () => {
      this.#look();
      this.#onChange();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.client.close();
  }
}

function grpcTarget({ address }: Target): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `dns:${host}:${address.port}`;
}
