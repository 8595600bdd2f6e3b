import { mkdtemp, readFile, rm } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectOptions, connect, type TlsOptions } from "@conclave/client";
import { grpcTransport } from "@conclave/client/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CertificateAuthority, pemOf } from "../support/certificates.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { describeEachServer } from "../support/each-server.ts";
import { freePorts } from "../support/free-ports.ts";
import { MemberProcess, type ServerKind } from "../support/member-process.ts";
import { runCommand } from "../support/run-command.ts";
import { conclaveServer, etcdctl, etcdServer, openssl } from "../support/tools.ts";

const transports: readonly (readonly [string, ConnectOptions])[] = [
  ["our transport", {}],
  ["grpc-js", { transport: grpcTransport() }],
];
const SERVER_NAME = "etcd.test";

describe.each(["conclave", "etcd"] as const)("TLS with client certificates, against %s", (kind) => {
  const tool = { conclave: conclaveServer, etcd: etcdServer }[kind];
  const missing = [tool, openssl].filter(({ present }) => !present);
  const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");
  describe.skipIf(missing.length > 0)(`a member${reason}`, () => suite(kind));
});

function suite(kind: ServerKind): void {
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let member: MemberProcess;
  let endpoint = "";
  let tls: Required<Pick<TlsOptions, "ca" | "cert" | "key" | "servername">>;

  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    stranger = await CertificateAuthority.create();
    const ca = await readFile(authority.ca.certFile);
    const client = await pemOf(await authority.issue("alice"));
    tls = { ca, ...client, servername: SERVER_NAME };
    const [clientPort = 0, peerPort = 0, tlsPort = 0] = await freePorts(3);
    endpoint = `https://127.0.0.1:${tlsPort}`;
    const { certFile, keyFile } = await authority.issue(SERVER_NAME);
    member = new MemberProcess({
      kind,
      name: "m1",
      dataDir: authority.directory,
      logFile: join(authority.directory, "m1.log"),
      clientPort,
      peerPort,
      initialCluster: `m1=http://127.0.0.1:${peerPort}`,
      flags: [
        ...["--listen-client-urls", `http://127.0.0.1:${clientPort},${endpoint}`],
        ...["--cert-file", certFile, "--key-file", keyFile],
        ...["--client-cert-auth", "--trusted-ca-file", authority.ca.certFile],
      ],
    });
    member.start();
    await member.waitHealthy();
  }, 60_000);
  afterAll(async () => {
    await member.kill();
    await authority[Symbol.asyncDispose]();
    await stranger[Symbol.asyncDispose]();
  });

  describe.each(transports)("%s", (_name, transport) => {
    const connectWith = (options: TlsOptions) =>
      connect(endpoint, { ...transport, tls: options, timeout: "2s", retry: { retries: 0 } });

    test("works with the authority, a certificate of ours, and the server's name", async () => {
      await using client = await connectWith(tls);
      const { revision } = await client.kv.put("k", "v");
      await using watch = client.watch("k", { from: revision });
      expect((await watch.next()).value?.text).toBe("v");
      await client.locks.request("job", (lock) => lock.verify());
    });

    test("a server that another authority signed is not trusted, and the error says so", async () => {
      const ca = await readFile(stranger.ca.certFile);
      await expect(connectWith({ ...tls, ca })).rejects.toMatchObject({
        code: "UNAVAILABLE",
        outcome: "not-applied",
        message: expect.stringMatching(/certificate/),
      });
    });

    test("a server with another name than the endpoint's is not trusted, and the error names both", async () => {
      const { servername: _, ...nameless } = tls;
      await expect(connectWith(nameless)).rejects.toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringMatching(/127\.0\.0\.1.*cert/s),
      });
    });

    test.each([
      ["without a certificate of ours", async () => ({})],
      [
        "with a certificate of a strange authority",
        async () => pemOf(await stranger.issue("mallory")),
      ],
    ] as const)("%s the server turns us away", async (_title, own) => {
      const { ca, servername } = tls;
      await expect(connectWith({ ca, servername, ...(await own()) })).rejects.toMatchObject({
        code: "UNAVAILABLE",
      });
    });
  });

  test("a keep-alive worker connects with the same certificates", async () => {
    const session = { ttl: "3s", keepalive: "worker" } as const;
    await using client = await connect(endpoint, { tls, session });
    const lock = await client.locks.acquire("worker");
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    await lock.verify();
  });

  test("plain HTTP works on the same port, for those with a certificate", async () => {
    const { ca, cert, key, servername } = tls;
    const body = await new Promise<string>((resolve, reject) => {
      const ask = get(
        `${endpoint}/health`,
        { ca, cert, key, servername, agent: false },
        (answer) => {
          answer.setEncoding("utf8").on("data", resolve);
        },
      );
      ask.on("error", reject);
    });
    expect(body).toMatch(/"health":\s*"true"/);
  });

  test("etcdctl gets through with the same files", async () => {
    const { certFile, keyFile } = await authority.issue("operator");
    const files = ["--cacert", authority.ca.certFile, "--cert", certFile, "--key", keyFile];
    const byName = endpoint.replace("127.0.0.1", "localhost");
    const args = [
      "--endpoints",
      byName,
      ...files,
      "--insecure-skip-tls-verify",
      "endpoint",
      "health",
    ];
    const env = { PATH: process.env.PATH, ETCDCTL_API: "3" };
    const { code, stderr } = await runCommand(etcdctl.path, args, { env });
    expect(`${code} ${stderr}`).toMatch(/^0 /);
  });
}

describeEachServer(
  "unix sockets",
  (server) => {
    let directory = "";
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "socket-"));
    });
    afterAll(() => rm(directory, { recursive: true }));

    test.each(transports)("%s connects to unix:///path", async (_name, transport) => {
      const path = join(directory, "server.sock");
      await using network = await CuttingProxy.start(server.deployment.endpoints[0]!, path);
      expect(network.endpoint).toBe(`unix://${path}`);
      const namespace = server.prefix("unix");
      await using client = await connect(network.endpoint, { ...transport, namespace });
      await client.kv.put("k", "v");
      expect((await client.kv.get("k"))?.text).toBe("v");
    });

    test.each(transports)("%s says which socket is not there", async (_name, transport) => {
      const nowhere = `unix://${join(directory, "nobody.sock")}`;
      await expect(connect(nowhere, { ...transport, timeout: "1s" })).rejects.toMatchObject({
        code: expect.stringMatching(/UNAVAILABLE|TIMEOUT/),
        outcome: "not-applied",
        message: expect.stringContaining("nobody.sock"),
      });
    });
  },
  { sizes: [1] },
);
