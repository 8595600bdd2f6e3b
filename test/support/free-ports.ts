import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Ports are drawn from below Linux's ephemeral range (32768 and up). A member that was killed must
 * find its port free when it comes back: from the ephemeral range, a client that keeps dialling the
 * dead port can be given that very port as its own source, connect to itself, and hold it.
 */
const LOWEST_PORT = 15_000;
const HIGHEST_PORT = 32_000;

/** Finds `count` TCP ports on which nothing listens now. Another process may still take one first. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    const server = createServer();
    server.listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!free) continue;
    held.push(server);
    ports.push(port);
  }
  await Promise.all(held.map((server) => once(server.close(), "close")));
  return ports;
}
