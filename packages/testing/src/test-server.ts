import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, type ServerOptions, startServer } from "@conclave/server";

/** A real member on a free port, in this process. */
export interface TestServer extends AsyncDisposable {
  /** For any etcd client, such as `"http://127.0.0.1:40123"`. */
  readonly endpoint: string;
  /** Stops it and removes its directory. Calling it again waits for the first. @throws what removing the directory fails with */
  close(): Promise<void>;
}

/**
 * What {@link startTestServer} takes.
 *
 * @example
 * ```ts
 * import { startTestServer } from "@conclave/testing";
 *
 * const server = await startTestServer({ data: "disk" }); // with its syncs, as in production
 * console.log(`etcdctl --endpoints ${server.endpoint} put greeting hello`);
 * await server.close();
 * ```
 */
export interface TestServerOptions
  extends Omit<ServerOptions, "listenClientUrls" | "listenPeerUrls" | "dataDirectory"> {
  /** Where its data is: in memory, or in a directory under the system's temporary one. Default `"memory"`. */
  readonly data?: "memory" | "disk";
}

/**
 * Starts a real server, with real time and sockets, for tests of code that brings its own client: etcd3, Go, python.
 *
 * @throws ConfigError for a wrong option
 * @example
 * ```ts
 * import { connect } from "@conclave/client";
 * import { startTestServer } from "@conclave/testing";
 *
 * await using server = await startTestServer();
 * await using own = await connect(server.endpoint);
 * await own.kv.put("greeting", "hello");
 * ```
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { data = "memory", ...rest } = options;
  const path = data === "disk" ? await mkdtemp(join(tmpdir(), "conclave-test-")) : null;
  const remove = async () => {
    if (path !== null) await rm(path, { recursive: true, force: true });
  };
  let server: RunningServer;
  try {
    server = await startServer({
      ...rest,
      dataDirectory: path ?? { inMemory: true },
      listenClientUrls: ["http://127.0.0.1:0"],
      listenPeerUrls: ["http://127.0.0.1:0"],
    });
  } catch (error) {
    await remove();
    throw error;
  }
  let closing: Promise<void> | null = null;
  const close = () => {
    closing ??= server.close().then(remove);
    return closing;
  };
  const [endpoint = ""] = server.clientUrls;
  return { endpoint, close, [Symbol.asyncDispose]: close };
}
