import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import { openssl } from "./tools.ts";

/** A key and its certificate, as files. */
export interface KeyPair {
  readonly keyFile: string;
  readonly certFile: string;
}

/** A certificate authority made by openssl for one test run, and what it has signed. */
export class CertificateAuthority implements AsyncDisposable {
  readonly directory: string;
  readonly ca: KeyPair;
  #issued = 0;

  private constructor(directory: string) {
    this.directory = directory;
    this.ca = { keyFile: join(directory, "ca.key"), certFile: join(directory, "ca.crt") };
  }

  static async create(): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(await mkdtemp(join(tmpdir(), "authority-")));
    await request(authority.ca, ["-subj", "/CN=test authority"]);
    return authority;
  }

  /** @param dnsName what the certificate is for, as a server's name and as a client's common name */
  async issue(dnsName: string): Promise<KeyPair> {
    this.#issued += 1;
    const [keyFile, certFile] = ["key", "crt"].map((end) =>
      join(this.directory, `${this.#issued}.${end}`),
    ) as [string, string];
    const { ca } = this;
    await request({ keyFile, certFile }, [
      ...["-subj", `/CN=${dnsName}`, "-addext", `subjectAltName=DNS:${dnsName}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-CA", ca.certFile, "-CAkey", ca.keyFile],
    ]);
    return { keyFile, certFile };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}

async function request({ keyFile, certFile }: KeyPair, args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(openssl.path, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "7", "-keyout", keyFile, "-out", certFile],
    ...args,
  ]);
  if (code !== 0) throw new Error(`openssl req: ${stderr}`);
}

/** A pair in the words of TLS options. */
export async function pemOf({ keyFile, certFile }: KeyPair) {
  const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
  return { key, cert };
}
