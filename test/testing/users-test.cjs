// A test as somebody writes it who uses @conclave/testing by `require`. Run by node-test.test.ts.
const assert = require("node:assert/strict");
const { test } = require("node:test");
const { connect } = require("@conclave/client");
const { simulate, startTestServer } = require("@conclave/testing");

test("an hour of virtual time passes at once", () =>
  simulate({ members: 1, seed: 1 }, async (sim) => {
    const client = sim.client();
    const { leaseId } = await client.leases.grant("30m");
    await client.kv.put("seen", "now", { leaseId });
    await sim.advance("1h");
    assert.equal(await client.kv.get("seen"), null);
  }));

test("a real server serves real clients, and is gone after the test", async () => {
  const server = await startTestServer();
  const client = await connect(server.endpoint);
  await client.kv.put("k", "v");
  assert.equal((await client.kv.get("k"))?.text, "v");
  assert.equal(await client.locks.request("job", async () => "done"), "done");
  await client.close();
  await server.close();
  await assert.rejects(connect(server.endpoint, { timeout: "500ms", retry: { retries: 0 } }));
});
