import type { Duration } from "../duration.ts";

/**
 * Signs in with a name and a password, and again whenever the token that it got ends.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 *
 * const passwordFromVault = async () => process.env.ETCD_PASSWORD ?? "not set";
 * await using alice = await connect("http://127.0.0.1:2379", {
 *   auth: { username: "alice", password: passwordFromVault, refresh: "4m" },
 * });
 * ```
 */
export interface PasswordAuth {
  /** Of a user of the cluster. */
  readonly username: string;
  /** A function is asked at every sign-in, so that a password can be changed while the client runs. */
  readonly password: string | (() => string | Promise<string>);
  /** As for {@link TokenAuth.refresh}. */
  readonly refresh?: Duration;
}

/**
 * Takes the token from somewhere else, and asks for another whenever it ends.
 *
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 *
 * const tokenFromIssuer = async () => process.env.ETCD_TOKEN ?? "not set"; // asked again before it ends
 * await using service = await connect("http://127.0.0.1:2379", {
 *   auth: { token: tokenFromIssuer, refresh: "10m" },
 * });
 * ```
 */
export interface TokenAuth {
  /** Asked for a token, at first and whenever there has to be another one. */
  readonly token: () => string | Promise<string>;
  /**
   * How old a token may become before another one is fetched. Default: 80 % of its time, which is told by a JWT (`exp`) and
   * is five minutes for etcd's simple tokens (`--auth-token-ttl`).
   */
  readonly refresh?: Duration;
}

/** Who the client is, to a server that asks. */
export type AuthOptions = PasswordAuth | TokenAuth;

/** @throws TypeError */
export function checkAuthOptions(auth: AuthOptions): void {
  const isWhole =
    "token" in auth
      ? typeof auth.token === "function"
      : typeof auth.username === "string" && auth.username !== "" && isPassword(auth.password);
  if (!isWhole) throw new TypeError("auth: { username, password } or { token: () => … }");
}

const isPassword = (password: unknown): boolean =>
  typeof password === "string" || typeof password === "function";
