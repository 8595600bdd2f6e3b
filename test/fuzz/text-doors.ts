import { assert } from "@conclave/base";
import { durationMs } from "../../packages/client/src/duration.ts";
import { fenceRevision } from "../../packages/client/src/fencing/fence-token.ts";
import { parseCommandLine } from "../../packages/server/src/config/command-line.ts";
import { ConfigError } from "../../packages/server/src/config/config-error.ts";
import { parseGoDuration } from "../../packages/server/src/config/duration.ts";
import { parseEndpointUrl } from "../../packages/server/src/config/endpoint-url.ts";
import { parseEtcdVersion } from "../../packages/server/src/config/etcd-version.ts";
import { parseInitialCluster } from "../../packages/server/src/config/initial-cluster.ts";
import { resolveServerConfig } from "../../packages/server/src/config/resolve.ts";
import { HostCheck } from "../../packages/server/src/http/host-check.ts";
import type { Door } from "./door.ts";
import { textInputs, textOf } from "./inputs.ts";

/** What people write: flags, variables, URLs, durations, tokens. */
export const textDoors: readonly Door[] = [
  {
    name: "command line",
    corpus: textInputs(
      "--name\nm1\n--data-dir=/tmp/d\n--listen-client-urls=http://127.0.0.1:2379",
      "--heartbeat-interval=100\n--election-timeout\n1000\n--quota-backend-bytes=8589934592",
      "--initial-cluster=a=http://h:1,b=http://h:2\n--initial-cluster-state\nnew\n--log-level=warn",
    ),
    knock: (input) => {
      const { options } = parseCommandLine(textOf(input).split("\n"), {});
      resolveServerConfig(options);
    },
    refusals: [ConfigError],
  },
  {
    name: "environment",
    corpus: textInputs("ETCD_NAME\nm1\nETCD_DATA_DIR\n/tmp/d", "ETCD_ELECTION_TIMEOUT\n1000"),
    knock: (input) => {
      const words = textOf(input).split("\n");
      const pairs = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]]] : []));
      parseCommandLine([], Object.fromEntries(pairs));
    },
    refusals: [ConfigError],
  },
  {
    name: "--initial-cluster",
    corpus: textInputs("m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380", "a=http://[::1]:1"),
    knock: (input) => void parseInitialCluster(textOf(input)),
    refusals: [ConfigError],
  },
  {
    name: "URL of an endpoint",
    corpus: textInputs("http://127.0.0.1:2379", "https://[::1]:0", "unix:///tmp/s"),
    knock: (input) => void parseEndpointUrl(textOf(input), "a flag"),
    refusals: [ConfigError],
  },
  {
    name: "duration of a flag",
    corpus: textInputs("1h30m", "100ms", "1.5s", "0"),
    knock: (input) => void parseGoDuration(textOf(input)),
    refusals: [],
  },
  {
    name: "version to emulate",
    corpus: textInputs("3.6.14", "3.4.0"),
    knock: (input) => void parseEtcdVersion(textOf(input), "a flag"),
    refusals: [ConfigError],
  },
  {
    name: "Host header",
    corpus: textInputs("localhost:2379", "[::1]:2379", "example.org."),
    knock: (input) => {
      const isLetIn = new HostCheck([]).allows(Buffer.from(input).toString("latin1"));
      assert(typeof isLetIn === "boolean", "yes or no");
    },
    refusals: [],
  },
  {
    name: "duration of an option",
    corpus: textInputs("10s", "1m", "2.5h", "100ms"),
    knock: (input) => {
      const ms = durationMs(textOf(input) as "1s", "ttl");
      assert(ms >= 0 && Number.isFinite(ms), "a duration is a number of ms");
    },
    refusals: [RangeError, TypeError],
  },
  {
    name: "fence token",
    corpus: textInputs("0000000000000042", "7"),
    knock: (input) => {
      assert(Number.isSafeInteger(fenceRevision(textOf(input))), "a fence is a safe integer");
    },
    refusals: [RangeError],
  },
];
