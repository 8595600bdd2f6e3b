import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Duration } from "@conclave/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALLOWED_PREFIX, AuthEtcd, PASSWORD, USER } from "../support/etcd-auth.ts";
import { etcdctl, etcdServer, openssl } from "../support/tools.ts";

const missing = [etcdServer, etcdctl, openssl].filter(({ present }) => !present);
const reason = missing.map(({ name }) => ` (${name}: not installed)`).join("");
/** Signed tokens end on a whole second, so they live up to one second less. */
const TOKEN_TTL_MS = 2_000;

describe.skipIf(missing.length > 0)(`failure mode 23, tokens that end${reason}`, () => {
  let etcd: AuthEtcd;
  beforeAll(async () => {
    etcd = await AuthEtcd.start("jwt", { jwtTtl: `${TOKEN_TTL_MS}ms` });
  }, 60_000);
  afterAll(() => etcd[Symbol.asyncDispose]());

  async function signedIn(options: { readonly refresh?: Duration } = {}) {
    const seen = { signIns: 0 };
    const password = () => {
      seen.signIns += 1;
      return PASSWORD;
    };
    const auth = { username: USER, password, ...options };
    const client = await connect(etcd.endpoints, { namespace: ALLOWED_PREFIX, auth });
    return { client, seen };
  }

  test("a lock is renewed, watched and released over the end of its token", async () => {
    const { client, seen } = await signedIn();
    await using _ = client;
    const lock = await client.locks.acquire("job", { session: client.session.fork({ ttl: "2s" }) });
    const { revision } = await client.kv.put("first", "1");
    await using first = client.watch("first", { from: revision });
    await first.next();
    await sleep(1.3 * TOKEN_TTL_MS);
    // Before it ended, though nobody called.
    expect(seen.signIns).toBeGreaterThan(1);
    // Servers check a watch by the token that its stream was opened with.
    await using second = client.watch("first", { from: revision });
    expect((await second.next()).value?.text).toBe("1");
    lock.assert();
    expect(await lock.release()).toBe("released");
  });

  test("a watch that is opened after its token ended, before there was another, goes on", async () => {
    const { client, seen } = await signedIn({ refresh: "1h" });
    await using _ = client;
    const { revision } = await client.kv.put("second", "1");
    await using first = client.watch("second", { from: revision });
    await first.next();
    await sleep(1.3 * TOKEN_TTL_MS);
    expect(seen.signIns).toBe(1);
    await using second = client.watch("second", { from: revision });
    expect((await second.next()).value?.text).toBe("1");
    expect(seen.signIns).toBe(2);
  });

  test("a write whose token was just taken away signs in again and goes on", async () => {
    const { client } = await signedIn();
    await using _ = client;
    await etcd.changePassword(PASSWORD);
    await client.kv.put("k", "v");
  });
});
