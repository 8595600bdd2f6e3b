import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import { Deployment } from "./server-process.ts";
import { etcdctl, openssl } from "./tools.ts";

/** The user that the tests are, who may do anything below this prefix and nothing else. */
export const USER = "alice";
export const PASSWORD = "open-sesame-42";
export const ALLOWED_PREFIX = "alice/";
const ROOT = ["--user", "root:toor"];

/** An etcd that asks who is there. */
export class AuthEtcd implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly #cleanUp: () => Promise<void>;

  private constructor(deployment: Deployment, cleanUp: () => Promise<void>) {
    this.deployment = deployment;
    this.#cleanUp = cleanUp;
  }

  /** @param kind of the tokens: etcd's own, known to one run of a member; or signed ones that live `jwtTtl` */
  static async start(
    kind: "simple" | "jwt",
    { jwtTtl = "5m", tokenTtlSeconds = 300 } = {},
  ): Promise<AuthEtcd> {
    const directory = await mkdtemp(join(tmpdir(), "etcd-auth-"));
    const cleanUp = () => rm(directory, { recursive: true, force: true });
    const flags =
      kind === "jwt"
        ? ["--auth-token", await jwtProvider(directory, jwtTtl)]
        : ["--auth-token-ttl", `${tokenTtlSeconds}`];
    const deployment = await Deployment.start({ kind: "etcd", flags });
    const etcd = new AuthEtcd(deployment, cleanUp);
    await etcd.#enable();
    return etcd;
  }

  get endpoints(): string[] {
    return this.deployment.endpoints;
  }

  async #enable(): Promise<void> {
    await this.#etcdctl("user", "add", "root:toor");
    await this.#etcdctl("user", "grant-role", "root", "root");
    await this.#etcdctl("role", "add", "below");
    await this.#etcdctl(
      "role",
      "grant-permission",
      "below",
      "readwrite",
      ALLOWED_PREFIX,
      "--prefix",
    );
    await this.#etcdctl("user", "add", `${USER}:${PASSWORD}`);
    await this.#etcdctl("user", "grant-role", USER, "below");
    await this.#etcdctl("auth", "enable");
  }

  changePassword(password: string): Promise<void> {
    return this.#etcdctlWithInput(`${password}\n`, "user", "passwd", USER, "--interactive=false");
  }

  setAuth(state: "enable" | "disable"): Promise<void> {
    return this.#etcdctl("auth", state);
  }

  #etcdctl(...args: readonly string[]): Promise<void> {
    return this.#etcdctlWithInput("", ...args);
  }

  async #etcdctlWithInput(input: string, ...args: readonly string[]): Promise<void> {
    const isOpen = !this.#isEnabled && args[0] !== "auth";
    const all = ["--endpoints", this.endpoints[0]!, ...(isOpen ? [] : ROOT), ...args];
    const env = { PATH: process.env.PATH, ETCDCTL_API: "3" };
    const { code, stderr } = await runCommand(etcdctl.path, all, { input, env });
    if (code !== 0) throw new Error(`etcdctl ${args.join(" ")}: ${stderr}`);
    if (args[0] === "auth") this.#isEnabled = args[1] === "enable";
  }

  #isEnabled = false;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]();
    await this.#cleanUp();
  }
}

async function jwtProvider(directory: string, ttl: string): Promise<string> {
  const [key, publicKey] = [join(directory, "jwt.key"), join(directory, "jwt.pub")];
  await runCommand(openssl.path, ["genrsa", "-out", key, "2048"]);
  await runCommand(openssl.path, ["rsa", "-in", key, "-pubout", "-out", publicKey]);
  return `jwt,pub-key=${publicKey},priv-key=${key},sign-method=RS256,ttl=${ttl}`;
}
