import { VirtualClock } from "@conclave/base";
import { clockTurn, createRpcServer, memoryChannel, type ServerStream } from "@conclave/rpc";
import { type EtcdError, quarantined } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { expect, test } from "vitest";
import { CallGuard } from "./call-guard.ts";

const REQUIRING = { hasleader: "true" };

function guarded() {
  const clock = new VirtualClock();
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
  const cluster: { hasLeader: boolean; refusal: EtcdError | null; isLearner: boolean } = {
    hasLeader: true,
    refusal: null,
    isLearner: false,
  };
  const guard = new CallGuard({
    hasLeader: () => cluster.hasLeader,
    refusal: () => cluster.refusal,
    isLearner: () => cluster.isLearner,
    electionTimeoutMs: 1_000,
  });
  const streams: ServerStream[] = [];
  let cancelled = 0;
  server.unary(
    "/test.Service/Unary",
    guard.guardUnary((call) => call.reply(new Uint8Array(0))),
  );
  server.stream(
    "/test.Service/Stream",
    guard.guardStream((stream) => {
      streams.push(stream);
      return {
        onMessage: (message) => stream.send(message),
        onHalfClose: () => stream.end(0),
        onCancel: () => {
          cancelled += 1;
        },
        onDrain() {},
      };
    }),
  );
  server.unary(
    "/test.Service/ForLearners",
    guard.guardUnary((call) => call.reply(new Uint8Array(0)), true),
  );
  server.unary(
    "/test.Service/ExceptLearners",
    guard.exceptLearners((call) => call.reply(new Uint8Array(0))),
  );
  const channel = memoryChannel(server, clock);
  const unary = (metadata: Record<string, string>, method = "Unary"): string => {
    let outcome = "";
    channel.unary(
      `/test.Service/${method}`,
      new Uint8Array(0),
      { metadata },
      ({ code, message }) => {
        outcome = `${code} ${message}`;
      },
    );
    clock.advance(50);
    return outcome;
  };
  const open = (metadata: Record<string, string>) => {
    const client = { ended: "", echoed: 0 };
    const stream = channel.stream(
      "/test.Service/Stream",
      { metadata },
      {
        onMessage: () => {
          client.echoed += 1;
        },
        onEnd: ({ code, message }) => {
          client.ended = `${code} ${message}`;
        },
      },
    );
    stream.send(Buffer.from("hello"));
    clock.advance(50);
    return Object.assign(client, { stream });
  };
  const tick = (byMs: number): void => {
    clock.advance(byMs);
    guard.onTick(clock.nowMs());
    clock.advance(10);
  };
  return { clock, cluster, guard, unary, open, tick, cancelled: () => cancelled };
}

const NO_LEADER = "14 etcdserver: no leader";

test("without a leader, calls that require one are refused, others are served", () => {
  const { cluster, unary } = guarded();
  expect(unary(REQUIRING)).toBe("0 ");
  cluster.hasLeader = false;
  expect(unary(REQUIRING)).toBe(NO_LEADER);
  expect(unary({})).toBe("0 ");
});

test("without a leader, a stream that requires one is refused as it opens, and its service told", () => {
  const { cluster, open, guard, cancelled } = guarded();
  cluster.hasLeader = false;
  expect(open(REQUIRING).ended).toBe(NO_LEADER);
  expect(open({}).echoed).toBe(1);
  expect(cancelled()).toBe(1);
  expect(guard.streamCount).toBe(1);
});

test("streams that require a leader are cut after three election timeouts without one", () => {
  const { cluster, open, tick } = guarded();
  const requiring = open(REQUIRING);
  const other = open({});
  cluster.hasLeader = false;
  tick(0);
  tick(2_900);
  expect(requiring.ended).toBe("");
  tick(200);
  expect(requiring.ended).toBe(NO_LEADER);
  expect(other.ended).toBe("");
});

test("a leader that comes back in time saves them", () => {
  const { cluster, open, tick } = guarded();
  const requiring = open(REQUIRING);
  cluster.hasLeader = false;
  tick(0);
  tick(2_900);
  cluster.hasLeader = true;
  tick(10);
  cluster.hasLeader = false;
  tick(10);
  tick(2_900);
  expect(requiring.ended).toBe("");
});

test("a member whose state is in doubt answers no call and no stream, old or new, but those that tell of itself", () => {
  const { clock, cluster, guard, unary, open } = guarded();
  const before = open({});
  cluster.refusal = quarantined;
  guard.refuseStreams(quarantined);
  clock.advance(50);
  const refused = `14 ${quarantined.message}`;
  expect(unary({})).toBe(refused);
  expect(before.ended).toBe(refused);
  expect(open({}).ended).toBe(refused);
  expect(guard.streamCount).toBe(0);
  cluster.refusal = null;
  expect(unary({})).toBe("0 ");
});

// etcd 3.4 and later: v3rpc's interceptors, isRPCSupportedForLearner.
test("a learner refuses calls and streams in etcd's words, but those calls that learners serve", () => {
  const { cluster, guard, unary, open } = guarded();
  expect(unary({}, "ExceptLearners")).toBe("0 ");
  cluster.isLearner = true;
  const refused = "9 etcdserver: rpc not supported for learner";
  expect(unary({})).toBe(refused);
  expect(unary({}, "ExceptLearners")).toBe(refused);
  expect(unary({}, "ForLearners")).toBe("0 ");
  expect(open({}).ended).toBe(refused);
  expect(guard.streamCount).toBe(0);
});

test("a learner without a leader says that it is one first, as etcd's do", () => {
  const { cluster, unary, open } = guarded();
  cluster.isLearner = true;
  cluster.hasLeader = false;
  expect(unary(REQUIRING)).toBe("9 etcdserver: rpc not supported for learner");
  expect(open(REQUIRING).ended).toBe("9 etcdserver: rpc not supported for learner");
  expect(unary(REQUIRING, "ForLearners")).toBe(NO_LEADER);
  expect(unary(REQUIRING, "ExceptLearners")).toBe("9 etcdserver: rpc not supported for learner");
});

test("when the server stops, every stream ends, whatever it requires", () => {
  const { clock, guard, open } = guarded();
  const streams = [open(REQUIRING), open({})];
  guard.endStreams(EtcdErrors.stopped);
  clock.advance(50);
  for (const { ended } of streams) expect(ended).toBe("14 etcdserver: server stopped");
});

test("a stream that ends, by either side, is forgotten", () => {
  const { clock, guard, open } = guarded();
  open(REQUIRING).stream.cancel();
  open({}).stream.halfClose();
  clock.advance(50);
  expect(guard.streamCount).toBe(0);
});
