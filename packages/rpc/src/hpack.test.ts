import { seededPrng } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConnectionFault, ErrorCode } from "./error-code.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackEncoder } from "./hpack-encoder.ts";
import { huffmanDecode, huffmanEncode, huffmanLength } from "./huffman.ts";
import { STATIC_TABLE } from "./static-table.ts";

const LIMITS = { headerListBytesMax: 16_384, headerListPairsMax: 64 };

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ""), "hex");
}

function decodeWith(decoder: HpackDecoder, block: Buffer): string[] {
  decoder.decode(block, 0, block.length);
  return decoder.fields.map(({ name, value }) => `${name}: ${value}`);
}

function decodeAll(blocks: readonly string[]): string[][] {
  const decoder = new HpackDecoder(LIMITS);
  return blocks.map((hex) => decodeWith(decoder, bytes(hex)));
}

function faultOf(hex: string): number {
  try {
    decodeAll([hex]);
  } catch (error) {
    if (error instanceof ConnectionFault) return error.code;
    throw error;
  }
  return ErrorCode.NO_ERROR;
}

const REQUESTS = [
  [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
  [
    ":method: GET",
    ":scheme: http",
    ":path: /",
    ":authority: www.example.com",
    "cache-control: no-cache",
  ],
  [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ],
];

const RESPONSES = [
  [
    ":status: 302",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ],
  [
    ":status: 307",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ],
  [
    ":status: 200",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:22 GMT",
    "location: https://www.example.com",
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ],
];
/** The responses of Appendix C assume a table of 256 octets. */
const TABLE_OF_256 = "3fe101";

describe("RFC 7541 Appendix C decodes as printed", () => {
  test.each([
    [
      "C.2.1 literal with indexing",
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      "custom-key: custom-header",
    ],
    ["C.2.2 literal without indexing", "040c2f73616d706c652f70617468", ":path: /sample/path"],
    ["C.2.3 literal never indexed", "100870617373776f726406736563726574", "password: secret"],
    ["C.2.4 indexed", "82", ":method: GET"],
  ])("%s", (_why, hex, field) => {
    expect(decodeAll([hex])).toEqual([[field]]);
  });

  test("C.3 requests without Huffman", () => {
    const blocks = [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ];
    expect(decodeAll(blocks)).toEqual(REQUESTS);
  });

  test("C.4 requests with Huffman", () => {
    const blocks = [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ];
    expect(decodeAll(blocks)).toEqual(REQUESTS);
  });

  test("C.5 responses without Huffman, with eviction", () => {
    const blocks = [
      `${TABLE_OF_256}4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d`,
      "4803333037c1c0bf",
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ];
    expect(decodeAll(blocks)).toEqual(RESPONSES);
  });

  test("C.6 responses with Huffman, with eviction", () => {
    const blocks = [
      `${TABLE_OF_256}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ];
    expect(decodeAll(blocks)).toEqual(RESPONSES);
  });
});

describe("what a peer must not send is COMPRESSION_ERROR (RFC 9113 4.3)", () => {
  test.each([
    ["RFC 7541 6.1: index 0", "80"],
    ["RFC 7541 2.3.3: an index beyond both tables", "be"],
    ["RFC 7541 2.3.3: a name index beyond both tables", "7f0001 61"],
    ["RFC 7541 5.1: an integer that overflows", "ff ffffffffff7f"],
    ["RFC 7541 5.1: an integer that does not end", "ff80"],
    ["RFC 7541 5.2: a string longer than the block", "400a6375"],
    ["RFC 7541 5.2: no string where one must be", "40"],
    ["RFC 7541 5.2: Huffman padding of more than 7 bits", "4082f8ff 0161"],
    ["RFC 7541 5.2: Huffman padding that is not ones", "4081 00 0161"],
    ["RFC 7541 5.2: EOS inside a Huffman string", "4084ffffffff 0161"],
    ["RFC 7541 6.3: a table size above the agreed maximum", "3fe21f"],
    ["RFC 7541 4.2: a size update after a field", "82 20"],
  ])("%s", (_why, hex) => {
    expect(faultOf(hex)).toBe(ErrorCode.COMPRESSION_ERROR);
  });
});

describe("decoder", () => {
  test("RFC 7541 4.2: a size update at the start of a block evicts", () => {
    const decoder = new HpackDecoder(LIMITS);
    decodeWith(decoder, bytes("400161 0162"));
    expect(decodeWith(decoder, bytes("be"))).toEqual(["a: b"]);
    expect(() => decodeWith(decoder, bytes("20 be"))).toThrow(ConnectionFault);
  });

  test("RFC 7541 4.4: an entry larger than the table empties it and is no error", () => {
    const decoder = new HpackDecoder(LIMITS);
    decodeWith(decoder, bytes("3f 09 400161 0162")); // 40 octets: room for one small entry
    const large = Buffer.concat([bytes("4001787f1d"), Buffer.alloc(156, "y")]);
    expect(decodeWith(decoder, large)).toEqual([`x: ${"y".repeat(156)}`]);
    expect(() => decodeWith(decoder, bytes("be"))).toThrow(ConnectionFault);
  });

  test("RFC 7541 4.4: the name of an entry that the insertion evicts may be used by it", () => {
    const decoder = new HpackDecoder(LIMITS);
    decodeWith(decoder, bytes("3f 09 400161 0162"));
    expect(decodeWith(decoder, bytes("7e 0163"))).toEqual(["a: c"]);
    expect(decodeWith(decoder, bytes("be"))).toEqual(["a: c"]);
  });

  test("a list over the limit is cut short, but the table goes on", () => {
    const decoder = new HpackDecoder({ headerListBytesMax: 16_384, headerListPairsMax: 2 });
    expect(decodeWith(decoder, bytes("82 84 400161 0162"))).toHaveLength(2);
    expect(decoder.overflowed).toBe(true);
    expect(decodeWith(decoder, bytes("be"))).toEqual(["a: b"]);
    expect(decoder.overflowed).toBe(false);
  });

  test("a bomb of indexes to one large entry costs no memory (CVE-2016-1544)", () => {
    const decoder = new HpackDecoder(LIMITS);
    const entry = Buffer.concat([bytes("400161 7f811e"), Buffer.alloc(3_968, "x")]);
    decodeWith(decoder, entry);
    decoder.decode(Buffer.alloc(16_000, 0xbe), 0, 16_000);
    expect(decoder.overflowed).toBe(true);
    expect(decoder.fields.length).toBeLessThanOrEqual(4);
  });

  test("the generation tells whether equal bytes still mean equal fields", () => {
    const decoder = new HpackDecoder(LIMITS);
    decodeWith(decoder, bytes("82 040161"));
    expect(decoder.tableGeneration).toBe(0);
    decodeWith(decoder, bytes("400161 0162"));
    expect(decoder.tableGeneration).toBe(1);
  });
});

describe("encoder", () => {
  const field = fc.tuple(
    fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
    fc.stringMatching(/^[\x21-\x7e]{0,60}$/),
    fc.constantFrom("field", "passingField", "secretField"),
  );

  test("whatever it encodes decodes to the same, across blocks and table sizes", () => {
    const blocks = fc.array(
      fc.record({
        fields: fc.array(field, { maxLength: 12 }),
        tableBytes: fc.option(fc.constantFrom(0, 64, 300, 4096, 65_536)),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(blocks, (all) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder({ headerListBytesMax: 1e6, headerListPairsMax: 1e6 });
        for (const { fields, tableBytes } of all) {
          if (tableBytes !== null) encoder.setTableBytesMax(tableBytes);
          encoder.begin();
          for (const [name, value, how] of fields) {
            if (how === "field") encoder.field(name, value);
            else if (how === "passingField") encoder.passingField(name, value);
            else encoder.secretField(name, value);
          }
          const block = Buffer.from(encoder.end());
          expect(decodeWith(decoder, block)).toEqual(fields.map(([n, v]) => `${n}: ${v}`));
        }
      }),
      { seed: testSeed(7), numRuns: 200 },
    );
  });

  test("a field that repeats is one octet from its second time on", () => {
    const encoder = new HpackEncoder();
    const sizes = [1, 2, 3].map(() => {
      encoder.begin();
      encoder.field("content-type", "application/grpc");
      return encoder.end().length;
    });
    expect(sizes.slice(1)).toEqual([1, 1]);
  });

  test("RFC 7541 7.1.3: a secret is encoded as never indexed", () => {
    const encoder = new HpackEncoder();
    encoder.begin();
    encoder.secretField("authorization", "x");
    expect(encoder.end()[0]! & 0xf0).toBe(0x10);
  });
});

test("Huffman: every octet string survives, and lengths are announced right", () => {
  const prng = seededPrng(11);
  for (let round = 0; round < 300; round += 1) {
    const length = prng.nextUint32() % 64;
    const text = Array.from({ length }, () => String.fromCharCode(prng.nextUint32() & 255)).join(
      "",
    );
    const out = Buffer.alloc(huffmanLength(text));
    expect(huffmanEncode(text, out, 0)).toBe(out.length);
    expect(huffmanDecode(out, 0, out.length)).toBe(text);
  }
});

test("RFC 7541 Appendix A: the static table has 61 entries", () => {
  expect(STATIC_TABLE).toHaveLength(61);
  expect(STATIC_TABLE[60]!.name).toBe("www-authenticate");
});
