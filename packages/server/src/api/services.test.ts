import { Status } from "@conclave/rpc";
import { AlarmAction, AlarmType, Cluster, KV, Lease, Maintenance } from "@conclave/wire";
import * as EtcdErrors from "@conclave/wire/etcd-errors";
import { expect, test } from "vitest";
import { bytes, runningMember } from "../testing/running-member.ts";

test("while the cluster's state is in doubt nothing is told of keys or leases, and both stay as they are; how the member does is told", async () => {
  const { call } = await runningMember();
  await call(Lease.LeaseGrant, { TTL: 60, ID: 1n });
  const doubt = { memberID: 0n, alarm: AlarmType.CORRUPT };
  await call(Maintenance.Alarm, { action: AlarmAction.ACTIVATE, ...doubt });
  const refused = { code: Status.DATA_LOSS, message: EtcdErrors.corrupt.message };
  const asked = [
    () => call(KV.Range, { key: bytes("a") }),
    () => call(KV.Put, { key: bytes("a") }),
    () => call(Lease.LeaseGrant, { TTL: 60, ID: 2n }),
    () => call(Lease.LeaseRevoke, { ID: 1n }),
    () => call(Lease.LeaseTimeToLive, { ID: 1n }),
    () => call(Lease.LeaseLeases, {}),
  ];
  for (const ask of asked) await expect(ask()).rejects.toMatchObject(refused);
  expect((await call(Cluster.MemberList, {})).members).toHaveLength(1);
  expect((await call(Maintenance.Status, {})).errors).toHaveLength(1);
  await call(Maintenance.Alarm, { action: AlarmAction.DEACTIVATE, ...doubt });
  const { leases } = await call(Lease.LeaseLeases, {});
  expect(leases.map(({ ID }) => ID)).toEqual([1n]);
});
