import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { assert } from "@conclave/base";
import { parseEtcdVersion } from "../../packages/server/src/config/etcd-version.ts";
import { HttpService } from "../../packages/server/src/http/http-service.ts";
import { silentLogger } from "../../packages/server/src/observe/logger.ts";
import { MetricsRegistry } from "../../packages/server/src/observe/metrics.ts";
import type { Door } from "./door.ts";
import { textInputs } from "./inputs.ts";

const TURNS_MAX = 50;
/** Then the client says that there is no more to come. */
const ANSWERED_AFTER_TURNS = 5;

/** A connection whose client says one thing. */
class OneThingSaid extends Duplex {
  readonly answered: Buffer[] = [];

  constructor(input: Uint8Array) {
    super({ autoDestroy: true });
    this.on("error", () => {});
    this.push(Buffer.from(input));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.answered.push(chunk);
    done();
  }
}

const service = new HttpService({
  health: {
    hasLeader: () => true,
    isLearner: () => false,
    activeAlarms: () => [],
    linearizableRead: () => Promise.resolve(),
    serializableRead: () => Promise.resolve(),
  },
  version: parseEtcdVersion("3.6.14", "emulateVersion"),
  isClusterVersionDecided: () => true,
  metrics: new MetricsRegistry(),
  logger: silentLogger,
  hostNames: [],
});

/** The HTTP/1 side of a client port, without a socket. */
export const httpDoors: readonly Door[] = [
  {
    name: "HTTP/1 request",
    corpus: textInputs(
      "GET /health?serializable=true HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /version HTTP/1.1\r\nHost: [::1]:2379\r\nConnection: close\r\n\r\n",
      "POST /v3/kv/put HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
      "GET /readyz?verbose&exclude=x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ),
    share: 0.2,
    knock: async (input) => {
      const connection = new OneThingSaid(input);
      service.accept(connection as unknown as Socket);
      for (let turns = 0; service.connectionCount > 0; turns++) {
        assert(turns < TURNS_MAX, "a connection is left over");
        await turnOfTheLoop();
        if (turns === ANSWERED_AFTER_TURNS) connection.push(null);
      }
      const [answer] = connection.answered;
      if (answer === undefined) return "no answer";
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(answer.toString()) ?? [];
      assert(status !== undefined, "an answer is HTTP");
      return status;
    },
    refusals: [],
  },
];
