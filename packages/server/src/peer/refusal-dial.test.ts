import { once } from "node:events";
import { createServer } from "node:net";
import { type DialResult, parseTarget, socketDial } from "@conclave/rpc";
import { expect, test } from "vitest";
import { tellingRefusals } from "./refusal-dial.ts";

/** What becomes of one attempt to connect to `endpoint`. */
function attempt(endpoint: string, onRefused: () => void): Promise<string> {
  return new Promise((resolve) => {
    const result: DialResult = {
      onLink: (link) => {
        link.destroy();
        resolve("connected");
      },
      onFailed: (reason) => resolve(reason),
    };
    tellingRefusals(socketDial(undefined), onRefused)(parseTarget(endpoint), result);
  });
}

test("a port that nobody listens at any more is told of, one that somebody listens at is not", async () => {
  const listener = createServer((socket) => socket.on("error", () => {}));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const endpoint = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  let refusals = 0;
  const onRefused = () => {
    refusals += 1;
  };
  expect(await attempt(endpoint, onRefused)).toBe("connected");
  expect(refusals).toBe(0);
  listener.close();
  await once(listener, "close");
  expect(await attempt(endpoint, onRefused)).toContain("ECONNREFUSED");
  expect(refusals).toBe(1);
});

test("a name that leads nowhere is no refusal: its host has said nothing", async () => {
  let refusals = 0;
  await attempt("no-such-host.invalid:2380", () => {
    refusals += 1;
  });
  expect(refusals).toBe(0);
});
