/**
 * The cluster that an example runs on: the one at CONCLAVE_ENDPOINTS (addresses, comma-separated), or else a server in
 * this very process, in memory, that is gone with it.
 */
export async function useCluster() {
  const given = process.env.CONCLAVE_ENDPOINTS;
  if (given) return { endpoints: given.split(","), [Symbol.asyncDispose]: async () => {} };

  const { startServer } = await import("@conclave/server");
  const server = await startServer({
    dataDirectory: { inMemory: true },
    listenClientUrls: ["http://127.0.0.1:0"],
    listenPeerUrls: ["http://127.0.0.1:0"],
  });
  return { endpoints: server.clientUrls, [Symbol.asyncDispose]: () => server.close() };
}
