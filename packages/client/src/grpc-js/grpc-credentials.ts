import { createSecureContext } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials } from "@grpc/grpc-js";
import type { TlsOptions } from "../transport/h2.ts";

/** Who is trusted and who we are, in the words of grpc-js. */
export function credentialsOf(tls: TlsOptions): ChannelCredentials {
  const { checkServerIdentity, rejectUnauthorized, secureContext, ...context } = tls;
  return credentials.createFromSecureContext(
    secureContext ?? createSecureContext({ minVersion: "TLSv1.2", ...context }),
    {
      ...(checkServerIdentity && { checkServerIdentity }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    },
  );
}

/** The name to ask the server for, where it is not that of the endpoint. */
export function serverNameOptions(tls: TlsOptions | undefined): ChannelOptions {
  if (tls?.servername === undefined) return {};
  return {
    "grpc.ssl_target_name_override": tls.servername,
    "grpc.default_authority": tls.servername,
  };
}
