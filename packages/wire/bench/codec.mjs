// What the hot messages cost to decode and encode: `node packages/wire/bench/codec.mjs`.
// The sources are bundled first, so that what is timed is what ships.
import { join } from "node:path";
import { build } from "vite";

const WARM_UP_ROUNDS = 3;
const ROUNDS = 7;
const CALLS_PER_ROUND = 300_000;

async function loadWire() {
  const result = await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["conclave-source"] },
    ssr: { noExternal: true, resolve: { conditions: ["conclave-source"] } },
    build: {
      ssr: join(import.meta.dirname, "../src/index.ts"),
      target: "node20",
      write: false,
      rollupOptions: { preserveEntrySignatures: "strict" },
    },
  });
  const code = result.output[0].code;
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

const wire = await loadWire();
const { PutRequest, PutResponse, RangeRequest, RangeResponse, KeyValue, TxnRequest, Writer } = wire;

const key = Buffer.alloc(16, "k");
const value = Buffer.alloc(256, "v");
const header = {
  clusterId: 0xcdf818194e3a8c32n,
  memberId: 0x8e9e05c52164694dn,
  revision: 1_234_567,
  raftTerm: 7,
};
const pair = { key, value, createRevision: 1_000, modRevision: 1_234_567, version: 3, lease: 0n };
const storedPair = KeyValue.encode(pair);
const put = PutRequest.encode({ key, value });
const leasedPut = PutRequest.encode({ key, value, lease: 7587848390923456123n });
const range = RangeRequest.encode({ key });
const txn = TxnRequest.encode({
  compare: [{ key, target: 1, createRevision: 0 }],
  success: [{ requestPut: { key, value, lease: 7587848390923456123n } }],
  failure: [{ requestRange: { key } }],
});
const writer = new Writer(Buffer.alloc(4096));

function intoWriter(codec, message) {
  writer.reset();
  return codec.encodeTo(writer, message);
}

const cases = {
  "decode PutRequest 16 B/256 B": () => PutRequest.decode(put),
  "decode PutRequest with a lease": () => PutRequest.decode(leasedPut),
  "decode RangeRequest of one key": () => RangeRequest.decode(range),
  "decode TxnRequest compare, put, range": () => TxnRequest.decode(txn),
  "encode PutResponse": () => PutResponse.encode({ header }),
  "encode PutResponse into a writer": () => intoWriter(PutResponse, { header }),
  "encode PutRequest 16 B/256 B": () => PutRequest.encode({ key, value }),
  "encode RangeResponse of one pair": () => RangeResponse.encode({ header, kvs: [pair], count: 1 }),
  "encode RangeResponse of one stored pair": () =>
    RangeResponse.encode({ header, kvs: [storedPair], count: 1 }),
};

function nanosecondsPerCall(run) {
  const started = process.hrtime.bigint();
  for (let call = 0; call < CALLS_PER_ROUND; call += 1) run();
  return Number(process.hrtime.bigint() - started) / CALLS_PER_ROUND;
}

for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
  for (const run of Object.values(cases)) nanosecondsPerCall(run);
}
for (const [name, run] of Object.entries(cases)) {
  const times = Array.from({ length: ROUNDS }, () => nanosecondsPerCall(run)).sort((a, b) => a - b);
  const median = times[ROUNDS >> 1].toFixed(0).padStart(6);
  console.log(`${name.padEnd(42)} ${median} ns, best ${times[0].toFixed(0)} ns`);
}
