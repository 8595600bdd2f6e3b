import { expect, test } from "vitest";
import { startServer } from "../server.ts";

test("/metrics says who leads and what the store holds, under etcd's names", async () => {
  await using server = await startServer({
    dataDirectory: { inMemory: true },
    listenClientUrls: ["http://127.0.0.1:0"],
    listenPeerUrls: ["http://127.0.0.1:0"],
  });
  const answer = await fetch(`${server.clientUrls[0]}/metrics`);
  const text = await answer.text();
  expect(text).toMatch(/^etcd_server_has_leader 1$/m);
  expect(text).toMatch(/^etcd_server_is_leader 1$/m);
  expect(text).toMatch(/^etcd_debugging_mvcc_keys_total 0$/m);
  expect(text).toMatch(/^etcd_debugging_mvcc_current_revision 1$/m);
  expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
});
