import { VirtualClock } from "@conclave/base";
import { clockTurn, createRpcServer, memoryChannel } from "@conclave/rpc";
import { Health, HealthCheckRequest, HealthCheckResponse, ServingStatus } from "@conclave/wire";
import { expect, test } from "vitest";
import { CallGuard } from "./call-guard.ts";
import { HealthService } from "./health-service.ts";

function healthOf() {
  const clock = new VirtualClock();
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
  const member = { isServing: true, isLearner: false };
  const guard = new CallGuard({
    refusal: () => null,
    isLearner: () => member.isLearner,
    hasLeader: () => true,
    electionTimeoutMs: 1_000,
  });
  const health = new HealthService(() => member.isServing);
  health.register(server, guard);
  const channel = memoryChannel(server, clock);
  const tick = (): void => {
    health.onTick();
    clock.advance(10);
  };
  const check = (service: string): string => {
    let outcome = "";
    const request = HealthCheckRequest.encode({ service });
    channel.unary(Health.Check.path, request, {}, ({ code }, body) => {
      outcome = body === null ? `code ${code}` : `${HealthCheckResponse.decode(body).status}`;
    });
    clock.advance(10);
    return outcome;
  };
  const watch = (service: string) => {
    const heard: number[] = [];
    const stream = channel.stream(
      Health.Watch.path,
      {},
      {
        onMessage: (body) => heard.push(HealthCheckResponse.decode(body).status),
        onEnd: () => {},
      },
    );
    stream.send(HealthCheckRequest.encode({ service }));
    stream.halfClose();
    clock.advance(10);
    tick();
    return { heard, stream };
  };
  return { clock, guard, member, tick, check, watch };
}

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;

test("Check says whether the server serves, and NOT_FOUND of any other service", () => {
  const { member, check } = healthOf();
  expect(check("")).toBe(`${SERVING}`);
  member.isServing = false;
  expect(check("")).toBe(`${NOT_SERVING}`);
  expect(check("etcdserverpb.KV")).toBe("code 5");
});

test("Watch says what is, then each change, once", () => {
  const { member, tick, watch } = healthOf();
  const { heard } = watch("");
  tick();
  member.isServing = false;
  tick();
  tick();
  member.isServing = true;
  tick();
  expect(heard).toEqual([SERVING, NOT_SERVING, SERVING]);
});

test("Watch of an unknown service says so and stays open", () => {
  const { guard, watch } = healthOf();
  expect(watch("nobody").heard).toEqual([SERVICE_UNKNOWN]);
  expect(guard.streamCount).toBe(1);
});

test("a watch that was cancelled is forgotten", () => {
  const { clock, guard, tick, watch } = healthOf();
  const { heard, stream } = watch("");
  stream.cancel();
  clock.advance(10);
  tick();
  expect(heard).toEqual([SERVING]);
  expect(guard.streamCount).toBe(0);
});
