import { readFile } from "node:fs/promises";
import { createSecureContext, type TlsOptions } from "node:tls";
import { ConfigError, type TlsFiles } from "./config.ts";

/**
 * What to serve TLS with, once it is known to be usable: a member shall not start and then turn everybody away.
 * @throws ConfigError naming the file's setting
 */
export async function readTlsFiles(files: TlsFiles): Promise<TlsOptions> {
  const { certFile, keyFile, trustedCaFile } = files;
  const cert = await contentOf("certFile", certFile);
  const key = await contentOf("keyFile", keyFile);
  const ca = trustedCaFile === null ? null : await contentOf("trustedCaFile", trustedCaFile);
  try {
    createSecureContext({ cert, key, ...(ca && { ca }) });
  } catch (error) {
    throw new ConfigError("certFile", `and its key cannot be used: ${(error as Error).message}`);
  }
  return { cert, key, ...(ca && { ca, requestCert: true, rejectUnauthorized: true }) };
}

async function contentOf(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ConfigError(setting, `cannot be read: ${(error as Error).message}`);
  }
}
