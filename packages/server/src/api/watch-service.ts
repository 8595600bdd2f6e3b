import type { RpcServer, ServerStream, ServerStreamHandler } from "@conclave/rpc";
import { Status } from "@conclave/rpc";
import type { WatchStream } from "@conclave/state-machine";
import { DecodeError, Watch, type WatchCreateRequest, WatchRequest } from "@conclave/wire";
import type { Member } from "../node/member.ts";
import type { CallGuard } from "./call-guard.ts";

/** The Watch service: one hub stream for each call; what watchers get is the hub's affair. */
export function registerWatchService(server: RpcServer, member: Member, guard: CallGuard): void {
  server.stream(
    Watch.Watch.path,
    guard.guardStream((stream) => new WatchCall(stream, member)),
  );
}

class WatchCall implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #watches: WatchStream;
  readonly #member: Member;

  constructor(stream: ServerStream, member: Member) {
    this.#stream = stream;
    this.#member = member;
    this.#watches = member.machine.watchHub.openStream(stream);
  }

  onMessage(message: Uint8Array): void {
    if (this.#watches.isClosed) return;
    let request: WatchRequest;
    try {
      request = WatchRequest.decode(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#watches.close();
      this.#stream.end(
        Status.INTERNAL,
        `grpc: failed to unmarshal the received message: ${error.message}`,
      );
      return;
    }
    this.#serve(request);
    // A client that asks faster than it reads waits: its requests stay in its own window.
    if (!this.#watches.isWritable) this.#stream.pause();
  }

  /** An empty or unknown request is ignored, as in etcd. */
  #serve(request: WatchRequest): void {
    const { createRequest, cancelRequest, progressRequest } = request;
    if (createRequest !== null) this.#create(createRequest);
    else if (cancelRequest !== null) this.#watches.cancel(cancelRequest.watchId);
    else if (progressRequest !== null) this.#watches.requestProgress();
  }

  /** While a damaged log recovers the state may be behind what was told before: "from now on" would begin too early. */
  #create(request: WatchCreateRequest): void {
    if (!this.#member.raft.isRecovering) this.#watches.create(request);
    else {
      this.#member.whenLoaded(() => {
        if (!this.#watches.isClosed) this.#watches.create(request);
      });
    }
  }

  /** A client that says no more may still want to hear. */
  onHalfClose(): void {}

  onCancel(): void {
    this.#watches.close();
  }

  onDrain(): void {
    this.#watches.onDrain();
    if (this.#watches.isWritable) this.#stream.resume();
  }
}
