import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { deferred, systemClock } from "@conclave/base";
import { expect, test } from "vitest";
import { Listener } from "./listener.ts";

const url = { scheme: "http", host: "127.0.0.1", port: 0, text: "http://127.0.0.1:0" } as const;
const HTTP2_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Everything a socket brings until it has brought `bytes` of them. */
async function received(socket: Socket, bytes: number): Promise<string> {
  let text = "";
  while (text.length < bytes) text += String((await once(socket, "data"))[0]);
  return text;
}

async function connection(listener: Listener): Promise<Socket> {
  const client = connect(listener.port, "127.0.0.1");
  await once(client, "connect");
  return client;
}

test.each([
  { when: "before", isEarly: true },
  { when: "after", isEarly: false },
])("what a client sends $when the member is ready arrives whole", async ({ isEarly }) => {
  const listener = await Listener.listen(url, systemClock());
  const http1 = deferred<string>();
  const http2 = deferred<string>();
  const serve = (): void => {
    listener.serve({
      onHttp1: (socket) => void received(socket, 18).then(http1.resolve),
      onHttp2: (_socket, firstBytes) => http2.resolve(firstBytes.toString("latin1")),
    });
  };
  if (!isEarly) serve();
  const clients = [await connection(listener), await connection(listener)];
  clients[0]?.write("GET / HTTP/1.1\r\n\r\n");
  clients[1]?.write(HTTP2_PREFACE);
  if (isEarly) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // the bytes are at the listener's sockets by now
    serve();
  }
  expect(await http1.promise).toBe("GET / HTTP/1.1\r\n\r\n");
  expect(await http2.promise).toBe(HTTP2_PREFACE);
  for (const client of clients) client.destroy();
  listener.close();
});

test("a listener that closes before it served ends the connections that waited", async () => {
  const listener = await Listener.listen(url, systemClock());
  const client = await connection(listener);
  client.on("error", () => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  listener.close();
  await once(client, "close");
});
