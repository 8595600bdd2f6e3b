import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { type ByteLink, SocketLink } from "./link.ts";
import type { Target } from "./target.ts";

/** What becomes of an attempt to connect: exactly one of the two is called, later, once. */
export interface DialResult {
  onLink(link: ByteLink): void;
  /** `isRefused`: the host is there, and says that nobody listens at the port. */
  onFailed(reason: string, isRefused?: boolean): void;
}

/** Connects to a target. @returns a function that gives up; neither result is reported after it. */
export type Dial = (target: Target, result: DialResult) => () => void;

/** What of node's TLS options a channel takes; see `tls.connect`. */
export type TlsClientOptions = Pick<
  ConnectionOptions,
  | "ca"
  | "cert"
  | "checkServerIdentity"
  | "ciphers"
  | "key"
  | "minVersion"
  | "passphrase"
  | "pfx"
  | "rejectUnauthorized"
  | "secureContext"
  | "servername"
>;

/** Connects over TCP or unix sockets, with TLS where the endpoint's scheme or the presence of `tls` asks for it. */
export function socketDial(tls: TlsClientOptions | undefined): Dial {
  return (target, result) => {
    const encrypted = target.tls ?? tls !== undefined;
    const socket = encrypted ? openTls(target, tls ?? {}) : openPlain(target);
    let over = false;
    let failure: Error | null = null;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      if (over) return;
      over = true;
      if (failure === null) result.onFailed("closed before it was connected");
      else result.onFailed(textOf(failure), isRefusal(failure));
    });
    socket.once(encrypted ? "secureConnect" : "connect", () => {
      if (over) return;
      if (encrypted && (socket as TLSSocket).alpnProtocol !== "h2") {
        failure = new Error("the server does not speak HTTP/2 (ALPN)");
        socket.destroy();
        return;
      }
      over = true;
      result.onLink(new SocketLink(socket));
    });
    return () => {
      over = true;
      socket.destroy();
    };
  };
}

function openPlain({ address }: Target): Socket {
  if (address.kind === "unix") return connectTcp({ path: address.path });
  return connectTcp({ host: address.host, port: address.port, noDelay: true });
}

function openTls({ address }: Target, tls: TlsClientOptions): TLSSocket {
  const options: ConnectionOptions = { minVersion: "TLSv1.2", ...tls, ALPNProtocols: ["h2"] };
  if (address.kind === "unix") return connectTls({ ...options, path: address.path });
  const servername = tls.servername ?? (isIp(address.host) ? "" : address.host);
  return connectTls({ ...options, host: address.host, port: address.port, servername });
}

/** An address is no name to ask for (RFC 6066 3). */
function isIp(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Of several addresses, each one refused. */
function isRefusal(error: NodeJS.ErrnoException): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefusal);
  return error.code === "ECONNREFUSED";
}

/** Several addresses may have been tried at once: then the error itself has no text, its parts have. */
function textOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((part: Error) => part.message).join(", ");
}
