import { describe, expect, test } from "vitest";
import { flagForSetting, parseCommandLine } from "./command-line.ts";
import { ConfigError } from "./config-error.ts";
import { flags } from "./flags.ts";
import type { ServerOptions } from "./options.ts";

function messageOf(args: readonly string[], environment = {}): string {
  try {
    parseCommandLine(args, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("flags", () => {
  const cases: readonly { args: string; options: ServerOptions }[] = [
    { args: "--name a", options: { name: "a" } },
    { args: "--name=a", options: { name: "a" } },
    { args: "-name a", options: { name: "a" } },
    { args: "-name=a=b", options: { name: "a=b" } },
    { args: "--name=", options: { name: "" } },
    { args: "--name a --name b", options: { name: "b" } },
    { args: "--data-dir /x/y", options: { dataDirectory: "/x/y" } },
    { args: "--heartbeat-interval 50", options: { heartbeatIntervalMs: 50 } },
    { args: "--election-timeout=500", options: { electionTimeoutMs: 500 } },
    { args: "--quota-backend-bytes -1", options: { quotaBackendBytes: -1 } },
    { args: "--pre-vote", options: { preVote: true } },
    { args: "--pre-vote=false --name a", options: { preVote: false, name: "a" } },
    { args: "--strict-reconfig-check=F", options: { strictReconfigCheck: false } },
    { args: "--initial-cluster-state existing", options: { initialClusterState: "existing" } },
    { args: "--initial-cluster a=http://h:1", options: { initialCluster: "a=http://h:1" } },
    {
      args: "--listen-peer-urls http://127.0.0.1:1,http://127.0.0.1:2",
      options: { listenPeerUrls: ["http://127.0.0.1:1", "http://127.0.0.1:2"] },
    },
    { args: "--grpc-keepalive-min-time 5s", options: { grpcKeepaliveMinTimeMs: 5_000 } },
    { args: "--grpc-keepalive-interval 1h30m", options: { grpcKeepaliveIntervalMs: 5_400_000 } },
    { args: "--grpc-keepalive-timeout 1.5s", options: { grpcKeepaliveTimeoutMs: 1_500 } },
    {
      args: "--log-level debug --log-format json",
      options: { logLevel: "debug", logFormat: "json" },
    },
    { args: "--host-whitelist a,b", options: { allowedHosts: ["a", "b"] } },
    { args: "--emulate-version 3.5.9", options: { emulateVersion: "3.5.9" } },
  ];
  test.each(cases)("$args", ({ args, options }) => {
    expect(parseCommandLine(args.split(" "), {})).toEqual({ options, warnings: [] });
  });

  test.each([
    { args: ["--nam", "a"], message: "--nam is not a flag; did you mean --name?" },
    {
      args: ["--listen-client-url=http://127.0.0.1:1"],
      message: "--listen-client-url is not a flag; did you mean --listen-client-urls?",
    },
    {
      args: ["--elections-timeout", "1"],
      message: "--elections-timeout is not a flag; did you mean --election-timeout?",
    },
    { args: ["--banana-republic"], message: "--banana-republic is not a flag; see conclave help" },
    { args: ["--name"], message: "--name needs a value" },
    {
      args: ["stray"],
      message: '"stray" is not a flag; flags start with -- and take --flag=value',
    },
    {
      args: ["--pre-vote", "false"],
      message: '"false" is not a flag; flags start with -- and take --flag=value',
    },
    { args: ["--"], message: '"--" is not a flag; flags start with -- and take --flag=value' },
    {
      args: ["--heartbeat-interval", "fast"],
      message: '--heartbeat-interval must be a whole number: "fast"',
    },
    { args: ["--max-txn-ops", "1e3"], message: '--max-txn-ops must be a whole number: "1e3"' },
    { args: ["--pre-vote=maybe"], message: '--pre-vote must be true or false: "maybe"' },
    {
      args: ["--grpc-keepalive-timeout", "20"],
      message: '--grpc-keepalive-timeout must be a duration such as 5s or 1h30m: "20"',
    },
    {
      args: ["--log-level", "loud"],
      message: '--log-level must be one of debug, info, warn, error, panic, fatal: "loud"',
    },
    {
      args: ["--initial-cluster-state", "old"],
      message: '--initial-cluster-state must be one of new, existing: "old"',
    },
    // etcd: "--advertise-client-urls is required when --listen-client-urls is set explicitly".
    {
      args: ["--listen-client-urls", "http://0.0.0.0:2379"],
      message: "--advertise-client-urls is required when --listen-client-urls is set",
    },
  ])("$args is refused: $message", ({ args, message }) => {
    expect(messageOf(args)).toBe(message);
  });

  test("each flag names a setting of its own, so that an error can name its flag", () => {
    expect(new Set(flags.map(({ setting }) => setting)).size).toBe(flags.length);
    expect(flagForSetting("electionTimeoutMs")).toBe("--election-timeout");
    expect(flagForSetting("--bogus")).toBe("--bogus");
  });
});

describe("environment", () => {
  test("a variable stands in for a flag, and the flag wins", () => {
    const environment = { ETCD_NAME: "from-env", ETCD_ELECTION_TIMEOUT: "2000", HOME: "/root" };
    expect(parseCommandLine(["--name", "from-flag"], environment)).toEqual({
      options: { name: "from-flag", electionTimeoutMs: 2000 },
      warnings: [],
    });
  });

  test("a bad value is reported under the variable's name", () => {
    expect(messageOf([], { ETCD_MAX_TXN_OPS: "x" })).toBe(
      'ETCD_MAX_TXN_OPS must be a whole number: "x"',
    );
  });

  test("an empty variable is as good as none, as in etcd", () => {
    expect(parseCommandLine([], { ETCD_NAME: "", ETCD_CERT_FILE: "" })).toEqual({
      options: {},
      warnings: [],
    });
  });

  test("variables of a Kubernetes service named etcd are no settings", () => {
    const { options, warnings } = parseCommandLine([], { ETCD_SERVICE_HOST: "10.0.0.1" });
    expect(options).toEqual({});
    expect(warnings).toEqual(["ETCD_SERVICE_HOST is no setting; ignored"]);
  });

  test("listening by variable needs an advertised URL too", () => {
    expect(messageOf([], { ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:1" })).toBe(
      "--advertise-client-urls is required when ETCD_LISTEN_CLIENT_URLS is set",
    );
  });
});

describe("etcd's flags that are not there", () => {
  test.each([
    ["--peer-cert-file", "/tls/server.crt"],
    ["--peer-client-cert-auth"],
    ["--auto-compaction-retention", "1h"],
    ["--config-file", "etcd.yaml"],
    ["--discovery-srv", "example.com"],
  ])("%s is refused by name, since ignoring it would break a promise", (name, ...value) => {
    expect(messageOf([name, ...value])).toBe(`${name} is not supported yet`);
  });

  test("a security setting in the environment is refused too", () => {
    expect(messageOf([], { ETCD_PEER_TRUSTED_CA_FILE: "ca.crt" })).toBe(
      "ETCD_PEER_TRUSTED_CA_FILE is not supported yet",
    );
  });

  test("a flag that asks for nothing is accepted", () => {
    const args = [
      "--peer-client-cert-auth=false",
      "--auto-compaction-retention=0",
      "--metrics",
      "basic",
    ];
    expect(parseCommandLine(args, {})).toEqual({ options: {}, warnings: [] });
  });

  test("harmless ones are ignored with a warning each, and take their arguments along", () => {
    const args = ["--enable-v2", "--max-wals", "5", "--logger=zap", "--name", "a"];
    expect(parseCommandLine(args, {})).toEqual({
      options: { name: "a" },
      warnings: [
        "--enable-v2 means nothing here; ignored",
        "--max-wals means nothing here; ignored",
        "--logger means nothing here; ignored",
      ],
    });
  });

  test("an experimental name of a settled flag still works", () => {
    const args = ["--experimental-watch-progress-notify-interval", "5s"];
    expect(parseCommandLine(args, {})).toEqual({
      options: { watchProgressNotifyIntervalMs: 5_000 },
      warnings: [
        "--experimental-watch-progress-notify-interval is called --watch-progress-notify-interval now",
      ],
    });
  });

  test("other experiments are ignored, as a switch or with a value", () => {
    const args = ["--experimental-one", "--experimental-two", "2", "--experimental-three=3"];
    expect(parseCommandLine(args, {}).warnings).toEqual(
      ["one", "two", "three"].map((name) => `--experimental-${name} is not supported; ignored`),
    );
  });
});
