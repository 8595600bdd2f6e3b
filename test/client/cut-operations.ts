import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  type ConclaveError,
  compare,
  op,
  type SessionOptions,
} from "@conclave/client";
import { expect } from "vitest";
import { eventually } from "../support/eventually.ts";

/** One client behind a network that is cut, and somebody with a good connection who looks at what came of it. */
export interface Scene {
  readonly client: Client;
  readonly observer: Client;
  /** Of keys and locks of this run only. */
  readonly name: string;
}

/** What an exchange ended with. */
export type Ending = { readonly value: unknown } | { readonly error: ConclaveError };

export interface Operation {
  readonly title: string;
  readonly session: SessionOptions;
  /** Over how many networks the client reaches the server; the cut is made in the one that it uses first. */
  readonly networks: 1 | 2;
  /** Resets in each direction; enough for every byte, but where there are very many. Count. */
  readonly resetsMax: number;
  /** Makes everything ready for the exchange. Called again if it fails. */
  prepare(scene: Scene): Promise<{
    exchange(): Promise<unknown>;
    /** Called once the network is whole again. */
    check(ending: Ending): Promise<void>;
  }>;
}

/** Longer than any run, so that nothing is cleaned up by the end of a lease. */
const LONG = { ttl: "5m" } as const;
const EVERY_BYTE = Number.POSITIVE_INFINITY;
export const CALL_TIMEOUT_MS = 500;
export const LOCK_TIMEOUT_MS = 2 * CALL_TIMEOUT_MS;
/** What is to come true when the network is whole again may wait for a busy disk. */
const SETTLED_MS = 30_000;

type AcquiredLock = Awaited<ReturnType<Client["locks"]["acquire"]>>;

const queueIsEmpty = ({ observer, name }: Scene) =>
  eventually(
    async () => expect(await observer.kv.count({ prefix: `${name}/` })).toBe(0),
    SETTLED_MS,
  );

/** A lock that was acquired is there, and gone after its release; one that was not leaves nothing. */
async function checkAcquisition(scene: Scene, ending: Ending): Promise<void> {
  if ("value" in ending) {
    const lock = ending.value as AcquiredLock;
    const entry = await scene.observer.kv.get(lock.key);
    expect(entry?.createRevision).toBe(lock.fence.revision);
    await eventually(() => lock.verify(), SETTLED_MS);
    expect(["released", "unknown"]).toContain(await lock.release());
  }
  await queueIsEmpty(scene);
}

const acquisition: Operation = {
  title: "an acquisition",
  session: LONG,
  networks: 1,
  resetsMax: EVERY_BYTE,
  async prepare(scene) {
    const { client, name } = scene;
    await client.session.open();
    return {
      exchange: () => client.locks.acquire(name, { timeout: LOCK_TIMEOUT_MS }),
      check: (ending) => checkAcquisition(scene, ending),
    };
  },
};

const waiting: Operation = {
  title: "a wait for a lock",
  session: LONG,
  networks: 1,
  resetsMax: 60,
  async prepare(scene) {
    const { client, observer, name } = scene;
    await client.session.open();
    const before = await observer.locks.acquire(name);
    return {
      exchange() {
        setTimeout(() => void before.release(), 50);
        return client.locks.acquire(name, { timeout: LOCK_TIMEOUT_MS });
      },
      async check(ending) {
        await before.release();
        await checkAcquisition(scene, ending);
      },
    };
  },
};

const release: Operation = {
  title: "a release",
  session: LONG,
  networks: 1,
  resetsMax: EVERY_BYTE,
  async prepare(scene) {
    const { client, observer, name } = scene;
    const lock = await client.locks.acquire(name);
    return {
      exchange: () => lock.release(),
      async check(ending) {
        if ("error" in ending) throw ending.error; // a release never rejects
        // Nobody else ended it, so it cannot have been lost before.
        expect(["released", "unknown"]).toContain(ending.value);
        if (ending.value === "released") expect(await observer.kv.get(lock.key)).toBeNull();
        await queueIsEmpty(scene);
      },
    };
  },
};

const commit: Operation = {
  title: "a commit",
  session: LONG,
  networks: 1,
  resetsMax: EVERY_BYTE,
  async prepare({ client, observer, name }) {
    const [one, two] = [`${name}/one`, `${name}/two`];
    const written = () => observer.kv.count({ prefix: `${name}/` });
    return {
      exchange: () =>
        client
          .txn()
          .if(compare({ key: one }).absent())
          .then(op.put(one, "1"), op.put(two, "2"))
          .commit(),
      async check(ending) {
        // What was not applied must not arrive late either.
        await sleep(20);
        if ("value" in ending) {
          expect(ending.value).toMatchObject({ succeeded: true });
          expect(await written()).toBe(2);
        } else if (ending.error.outcome === "not-applied") {
          expect(await written()).toBe(0);
        } else {
          expect([0, 2]).toContain(await written());
        }
        await observer.kv.deleteAll({ prefix: `${name}/` });
      },
    };
  },
};

/** With a second network, no cut may cost the session: a renewal that is late goes over the other. */
const renewal: Operation = {
  title: "a renewal",
  session: { ttl: "6s", margin: "1s" },
  networks: 2,
  resetsMax: EVERY_BYTE,
  async prepare({ client, observer }) {
    const { session } = client;
    const leaseId = await session.open();
    const provenUntilMs = () => performance.now() + session.remaining();
    const renewed = async () => {
      const beforeMs = provenUntilMs();
      session.renewNow();
      await eventually(() => expect(provenUntilMs()).toBeGreaterThan(beforeMs + 10), 5_000, 5);
    };
    // Else the renewal would prove no more than the grant did.
    await sleep(30);
    return {
      exchange: renewed,
      async check(ending) {
        if ("error" in ending) throw ending.error;
        expect(session.state).toBe("held");
        expect((await observer.leases.timeToLive(leaseId))?.remaining).toBeGreaterThan(0);
      },
    };
  },
};

export const operations = [acquisition, waiting, release, commit, renewal];
