import { Auth } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { orAborted } from "../abort.ts";
import { durationMs } from "../duration.ts";
import { ConclaveError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { type ClosableCaller, Transport, type TransportDefaults } from "../transport/transport.ts";
import { AuthCaller } from "./auth-caller.ts";
import type { AuthOptions, PasswordAuth } from "./auth-options.ts";
import { TokenKeeper } from "./token-keeper.ts";

/**
 * Makes calls with a token. Signs in first, so that wrong credentials are told at once.
 * @throws ConclaveError UNAUTHENTICATED, or why the server cannot be asked; the caller is closed then
 */
export async function signIn(
  caller: ClosableCaller,
  auth: AuthOptions,
  runtime: Runtime,
  defaults: TransportDefaults,
  signal: AbortSignal | undefined,
): Promise<ClosableCaller> {
  const transport = new Transport(caller, runtime, defaults);
  const fetch = () => ("token" in auth ? ask("token", auth.token) : authenticate(transport, auth));
  const { refresh } = auth;
  const refreshMs = refresh === undefined ? undefined : durationMs(refresh, "auth.refresh");
  const keeper = new TokenKeeper(fetch, runtime, refreshMs, () => signedIn.reopenStreams());
  const signedIn = new AuthCaller(caller, keeper, runtime.clock);
  try {
    const first = keeper.replace("");
    await (signal === undefined ? first : orAborted(first, signal));
  } catch (error) {
    signedIn.close();
    throw error;
  }
  return signedIn;
}

/** A token by name and password; none, if the server asks for none. */
async function authenticate(transport: Transport, auth: PasswordAuth): Promise<string> {
  const { username: name } = auth;
  const password =
    typeof auth.password === "string" ? auth.password : await ask("password", auth.password);
  try {
    return (await transport.call(Auth.Authenticate, { name, password }, "read")).token;
  } catch (error) {
    if (error instanceof ConclaveError && error.message.endsWith(EtcdErrors.authNotEnabled.message))
      return "";
    throw error;
  }
}

async function ask(what: string, provide: () => string | Promise<string>): Promise<string> {
  try {
    const provided: unknown = await provide();
    if (typeof provided === "string") return provided;
  } catch (cause) {
    const message = `auth: no ${what} was provided`;
    throw new ConclaveError("UNAUTHENTICATED", "not-applied", message, { cause });
  }
  throw new TypeError(`auth.${what}: a function that returns a string`);
}
