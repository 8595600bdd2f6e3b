import {
  type RpcServer,
  type ServerStream,
  type ServerStreamHandler,
  Status,
  type UnaryHandler,
} from "@conclave/rpc";
import { CommandKind, LEASE_TTL_SECONDS_MAX } from "@conclave/state-machine";
import {
  DecodeError,
  type EtcdError,
  Lease,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import type { Member } from "../node/member.ts";
import type { CallGuard } from "./call-guard.ts";
import { failWith } from "./errors.ts";
import { decoding, refused } from "./validate.ts";
import { CommandCall } from "./waiters.ts";

/** Keep-alives of one stream waiting for their answer before the client has to wait. Count. */
const KEEP_ALIVES_PENDING_MAX = 1_024;

/** Registers a unary method behind the guard. */
type Register = (method: { readonly path: string }, handler: UnaryHandler) => void;

/** The Lease service. */
export function registerLeaseService(server: RpcServer, member: Member, guard: CallGuard): void {
  const register: Register = ({ path }, handler) => server.unary(path, guard.guardUnary(handler));
  registerGrantAndRevoke(register, member);
  registerQueries(register, member);
  server.stream(
    Lease.LeaseKeepAlive.path,
    guard.guardStream((stream) => new KeepAliveCall(stream, member)),
  );
}

function registerGrantAndRevoke(register: Register, member: Member): void {
  register(
    Lease.LeaseGrant,
    decoding(LeaseGrantRequest, (call, request) => {
      if (request.TTL > LEASE_TTL_SECONDS_MAX) return failWith(call, EtcdErrors.leaseTtlTooLarge);
      if (refused(call, member.quota.checkLeaseGrant())) return;
      const waiter = new CommandCall(call, "lease-grant", ({ id, ttlSeconds, revision }) =>
        LeaseGrantResponse.encode({ header: member.header(revision), ID: id, TTL: ttlSeconds }),
      );
      member.grantLease(request.TTL, request.ID, waiter);
    }),
  );
  register(
    Lease.LeaseRevoke,
    decoding(LeaseRevokeRequest, (call, _request, body) => {
      const waiter = new CommandCall(call, "lease-revoke", ({ revision }) =>
        LeaseRevokeResponse.encode({ header: member.header(revision) }),
      );
      member.propose(CommandKind.LEASE_REVOKE, body, waiter);
    }),
  );
}

function registerQueries(register: Register, member: Member): void {
  register(
    Lease.LeaseTimeToLive,
    decoding(LeaseTimeToLiveRequest, (call, request) => {
      const { ID, keys: wantsKeys } = request;
      member.leases.remaining(ID, (time, error) => {
        if (time === null) return failWith(call, error ?? EtcdErrors.timeout);
        const { remaining: TTL, granted: grantedTTL } = time;
        member.whenLoaded(() => {
          const lease = member.machine.lease(ID);
          const keys = wantsKeys && lease !== null ? lease.keys() : [];
          const header = member.header(member.machine.revision);
          call.reply(LeaseTimeToLiveResponse.encode({ header, ID, TTL, grantedTTL, keys }));
        });
      });
    }),
  );
  register(
    Lease.LeaseLeases,
    decoding(LeaseLeasesRequest, (call) => {
      member.whenLoaded(() => {
        const leases = member.machine.leaseIds().map((ID) => ({ ID }));
        const header = member.header(member.machine.revision);
        call.reply(LeaseLeasesResponse.encode({ header, leases }));
      });
    }),
  );
}

interface PendingKeepAlive {
  readonly id: bigint;
  /** The store's revision before the renewal, as etcd reports it. */
  readonly revision: number;
  ttlSeconds: number | null;
}

/** One keep-alive stream: many leases, answered in the order they were asked for. */
class KeepAliveCall implements ServerStreamHandler {
  readonly #stream: ServerStream;
  readonly #member: Member;
  #pending: PendingKeepAlive[] = [];
  #isHalfClosed = false;
  #isEnded = false;
  #isPaused = false;

  constructor(stream: ServerStream, member: Member) {
    this.#stream = stream;
    this.#member = member;
  }

  onMessage(message: Uint8Array): void {
    if (this.#isEnded) return;
    let id: bigint;
    try {
      id = LeaseKeepAliveRequest.decode(message).ID;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#end(
        Status.INTERNAL,
        `grpc: failed to unmarshal the received message: ${error.message}`,
      );
      return;
    }
    const keepAlive: PendingKeepAlive = {
      id,
      revision: this.#member.machine.revision,
      ttlSeconds: null,
    };
    this.#pending.push(keepAlive);
    this.#holdBack();
    this.#member.leases.renew(id, (ttlSeconds, error) => {
      if (ttlSeconds === null) this.#fail(error ?? EtcdErrors.timeout);
      else {
        keepAlive.ttlSeconds = ttlSeconds;
        this.#answer();
      }
    });
  }

  onHalfClose(): void {
    this.#isHalfClosed = true;
    this.#answer();
  }

  onCancel(): void {
    this.#isEnded = true;
  }

  onDrain(): void {
    this.#answer();
  }

  #answer(): void {
    if (this.#isEnded) return;
    let answered = 0;
    for (const { id, revision, ttlSeconds } of this.#pending) {
      if (ttlSeconds === null || !this.#stream.writable) break;
      const header = this.#member.header(revision);
      this.#stream.send(LeaseKeepAliveResponse.encode({ header, ID: id, TTL: ttlSeconds }));
      answered += 1;
    }
    this.#pending = this.#pending.slice(answered);
    this.#holdBack();
    if (this.#isHalfClosed && this.#pending.length === 0) this.#end(Status.OK, "");
  }

  #holdBack(): void {
    const isFull = this.#pending.length >= KEEP_ALIVES_PENDING_MAX;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#stream.pause();
    else this.#stream.resume();
  }

  #fail(error: EtcdError): void {
    this.#end(error.code as typeof Status.UNAVAILABLE, error.message);
  }

  #end(code: (typeof Status)[keyof typeof Status], message: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stream.end(code, message);
  }
}
