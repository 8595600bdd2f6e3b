import type { Mutant } from "./mutant.ts";

/** What members send each other, on its way. */
export const TRANSPORT_MUTANTS: readonly Mutant[] = [
  {
    id: "frame-not-checked",
    bug: "F22",
    title: "A frame of a peer is believed that was damaged on its way",
    simulator: "cluster",
    edits: [
      {
        file: "packages/server/src/peer/peer-frame.ts",
        find: "return crc32(body) === readUint32(frame, end) ? body : null;",
        replace: "return body;",
      },
    ],
  },
];
