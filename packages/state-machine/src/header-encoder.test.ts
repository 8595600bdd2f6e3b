import { PutResponse } from "@conclave/wire";
import { expect, test } from "vitest";
import { HeaderEncoder, type HeaderFacts } from "./header-encoder.ts";

const IDS = { clusterId: 0xcdf818194e3a8c32n, memberId: 0x8e9e05c52164694dn };

test("a header alone is the whole response of a put, byte for byte as the codec writes it", () => {
  let facts: HeaderFacts = { ...IDS, raftTerm: 2 };
  const encoder = new HeaderEncoder(() => facts);
  for (const raftTerm of [2, 3, 3, 300, 2 ** 40, 0]) {
    for (const revision of [1, 127, 128, 2 ** 31, 2 ** 53 - 1]) {
      facts = { ...IDS, raftTerm };
      const expected = PutResponse.encode({ header: { ...facts, revision } });
      expect(Buffer.from(encoder.fieldAt(revision))).toEqual(Buffer.from(expected));
      expect(encoder.fieldAt(revision), "encoded once").toBe(encoder.fieldAt(revision));
    }
  }
  facts = { ...IDS, memberId: 7n, raftTerm: 0 };
  const other = PutResponse.encode({ header: { ...facts, revision: 5 } });
  expect(Buffer.from(encoder.fieldAt(5))).toEqual(Buffer.from(other));
});
