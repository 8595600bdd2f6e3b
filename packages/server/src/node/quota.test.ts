import { CommandBatch, CommandKind, MemoryStateStore, StateMachine } from "@conclave/state-machine";
import { AlarmAction, AlarmRequest, AlarmType, PutRequest, TxnRequest } from "@conclave/wire";
import { expect, test } from "vitest";
import { Quota } from "./quota.ts";

function quotaOf(bytesMax: number) {
  const machine = new StateMachine({ store: new MemoryStateStore() });
  machine.finishLoad();
  let alarms = 0;
  const quota = new Quota(machine, bytesMax, () => {
    alarms += 1;
  });
  let index = 0;
  const apply = (kind: CommandKind, body: Uint8Array): void => {
    const batch = new CommandBatch(10_000);
    batch.append(kind, 1, 1, body);
    index += 1;
    machine.apply({ index, term: 1, data: batch.take() }, { onResult() {} });
  };
  return { quota, apply, alarms: () => alarms };
}

const NO_SPACE = { message: "etcdserver: mvcc: database space exceeded" };
const put = { requestPut: { key: Buffer.from("k"), value: Buffer.alloc(100) } };
const get = { requestRange: { key: Buffer.from("k") } };
const txnOf = (init: Parameters<typeof TxnRequest.create>[0]) => TxnRequest.create(init);

test("what fits passes, what does not is refused and raises the alarm", () => {
  const { quota, alarms } = quotaOf(1_000);
  expect(quota.check(700)).toBeNull();
  expect(alarms()).toBe(0);
  expect(quota.check(800)).toMatchObject(NO_SPACE);
  expect(alarms()).toBe(1);
});

test("what is stored counts", () => {
  const { quota, apply } = quotaOf(1_000);
  apply(CommandKind.PUT, PutRequest.encode({ key: Buffer.from("k"), value: Buffer.alloc(500) }));
  expect(quota.check(700)).toMatchObject(NO_SPACE);
});

test("a transaction is weighed by the branch that puts more; one that puts nothing always passes", () => {
  const { quota } = quotaOf(1_000);
  expect(quota.checkTxn(txnOf({ success: [get], failure: [get] }), 5_000)).toBeNull();
  expect(quota.checkTxn(txnOf({ success: [put] }), 100)).toBeNull();
  expect(quota.checkTxn(txnOf({ failure: [put, put, put, put] }), 100)).toMatchObject(NO_SPACE);
  const nested = { requestTxn: { success: [put, put, put, put] } };
  expect(quota.checkTxn(txnOf({ success: [nested] }), 100)).toMatchObject(NO_SPACE);
});

test("an alarm raised anywhere refuses everything that grows, until it is taken back", () => {
  const { quota, apply } = quotaOf(Number.POSITIVE_INFINITY);
  const alarm = { memberID: 9n, alarm: AlarmType.NOSPACE };
  apply(CommandKind.ALARM, AlarmRequest.encode({ action: AlarmAction.ACTIVATE, ...alarm }));
  expect(quota.check(1)).toMatchObject(NO_SPACE);
  expect(quota.checkLeaseGrant()).toMatchObject(NO_SPACE);
  expect(quota.checkTxn(txnOf({ success: [put] }), 1)).toMatchObject(NO_SPACE);
  apply(CommandKind.ALARM, AlarmRequest.encode({ action: AlarmAction.DEACTIVATE, ...alarm }));
  expect(quota.check(1)).toBeNull();
});
