import { expect, test } from "vitest";
import { Validity } from "./validity.ts";

// K6 of the invariants, failure mode 2: the server's clock started when the request arrived, not when its answer came.
test("a lease is proven until send time + granted TTL - margin, whenever the answer arrived", () => {
  const validity = new Validity(1_000, 10_000, 3_000);
  expect(validity.deadlineMs).toBe(8_000);
  validity.onRenewed(4_000, 10_000); // Sent at 4 s; that it was answered at 6 s changes nothing.
  expect(validity.deadlineMs).toBe(11_000);
});

test("at the deadline itself the lease is no longer proven", () => {
  const validity = new Validity(0, 10_000, 3_000);
  expect(validity.isProvenAt(6_999.9)).toBe(true);
  expect(validity.isProvenAt(7_000)).toBe(false);
});

test("the answer to an older renewal than the last changes nothing", () => {
  const validity = new Validity(0, 10_000, 3_000);
  validity.onRenewed(5_000, 10_000);
  validity.onRenewed(4_000, 10_000);
  expect(validity.deadlineMs).toBe(12_000);
});

test("the TTL that counts is the granted one, which a server may raise or lower", () => {
  const validity = new Validity(0, 10_000, 3_000);
  validity.onRenewed(1_000, 4_000);
  expect(validity.deadlineMs).toBe(2_000);
});
