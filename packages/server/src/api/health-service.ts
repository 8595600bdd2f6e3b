import { type RpcServer, type ServerStream, type ServerStreamHandler, Status } from "@conclave/rpc";
import {
  DecodeError,
  Health,
  HealthCheckRequest,
  HealthCheckResponse,
  ServingStatus,
} from "@conclave/wire";
import type { CallGuard } from "./call-guard.ts";
import { decoding } from "./validate.ts";

/**
 * grpc.health.v1 for the whole server (service ""), as etcd has it: serving while this member knows a leader and its state is not in doubt. Other
 * services are not known: Check says NOT_FOUND, Watch says so and goes on, as the protocol wants.
 */
export class HealthService {
  readonly #isServing: () => boolean;
  readonly #watches = new Set<HealthWatch>();

  constructor(isServing: () => boolean) {
    this.#isServing = isServing;
  }

  register(server: RpcServer, guard: CallGuard): void {
    const check = decoding(HealthCheckRequest, (call, { service }) => {
      if (service !== "") call.fail(Status.NOT_FOUND, "unknown service");
      else call.reply(HealthCheckResponse.encode({ status: this.#status() }));
    });
    server.unary(Health.Check.path, guard.exceptLearners(check));
    server.stream(
      Health.Watch.path,
      guard.guardStream((stream) => {
        const watch = new HealthWatch(stream, () => this.#watches.delete(watch));
        this.#watches.add(watch);
        return watch;
      }, true),
    );
  }

  /** Tells the watches what changed. */
  onTick(): void {
    if (this.#watches.size === 0) return;
    const status = this.#status();
    for (const watch of this.#watches) watch.tell(status);
  }

  #status(): ServingStatus {
    return this.#isServing() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }
}

/** One Health.Watch: the status now, then every change of it. */
class HealthWatch implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #onEnd: () => void;
  #service: string | null = null;
  #told: ServingStatus | null = null;

  constructor(stream: ServerStream, onEnd: () => void) {
    this.#stream = stream;
    this.#onEnd = onEnd;
  }

  onMessage(message: Uint8Array): void {
    try {
      this.#service = HealthCheckRequest.decode(message).service;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#onEnd();
      this.#stream.end(Status.INTERNAL, error.message);
    }
  }

  tell(serverStatus: ServingStatus): void {
    if (this.#service === null) return;
    const status = this.#service === "" ? serverStatus : ServingStatus.SERVICE_UNKNOWN;
    if (status === this.#told || !this.#stream.writable) return;
    this.#told = status;
    this.#stream.send(HealthCheckResponse.encode({ status }));
  }

  /** A client says no more after its one request, and wants to hear. */
  onHalfClose(): void {}

  onCancel(): void {
    this.#onEnd();
  }

  onDrain(): void {}
}
