import { describe, expect, test } from "vitest";
import { initialIds, resolveServerConfig } from "./config.ts";
import { placeIn } from "./join-cluster.ts";
import type { KnownMember } from "./storage/identity.ts";

const urlOf = (name: string) => `http://${name}:2380`;

/** What the flags of a member with this cluster say. */
function flags(name: string, names: readonly string[]) {
  return resolveServerConfig({
    name,
    listenPeerUrls: ["http://0.0.0.0:2380"],
    initialAdvertisePeerUrls: [urlOf(name)],
    initialCluster: names.map((one) => `${one}=${urlOf(one)}`).join(","),
    initialClusterState: "existing",
  });
}

/** The cluster that m1 and m2 formed. */
const { clusterId, memberIds } = initialIds(flags("m1", ["m1", "m2"]));
const founders: readonly KnownMember[] = ["m1", "m2"].map((name, at) => ({
  id: memberIds[at] ?? 0n,
  name,
  peerUrls: [urlOf(name)],
}));
const added: KnownMember = { id: 77n, name: "", peerUrls: [urlOf("m3")] };

describe("a member without data in a cluster that runs", () => {
  test("is the one that was added with its peer URLs and has not run yet", () => {
    const members = [...founders, added];
    const place = placeIn({ clusterId, founders, members }, flags("m3", ["m1", "m2", "m3"]));
    expect(place).toEqual(added);
  });

  test.each([
    {
      why: "that nobody added",
      members: founders,
      problem: "which is no member of the cluster; add it first",
    },
    {
      why: "that names too few",
      members: [...founders, { ...added, id: 78n, peerUrls: [urlOf("m4")] }, added],
      problem: "lacks the member at http://m4:2380",
    },
    {
      why: "that has run before: its votes are lost with its data",
      members: [...founders, { ...added, name: "m3" }],
      problem: "which has taken part already",
    },
  ])("$why is refused", ({ members, problem }) => {
    const place = placeIn({ clusterId, founders, members }, flags("m3", ["m1", "m2", "m3"]));
    expect(place).toContain(problem);
  });

  test("that is one of those who formed the cluster is refused, even if it never told its name", () => {
    const nameless = founders.map((founder) => ({ ...founder, name: "" }));
    const description = { clusterId, founders: nameless, members: nameless };
    expect(placeIn(description, flags("m2", ["m1", "m2"]))).toContain("has taken part already");
  });

  test("is told of a cluster only by its own: the id follows from those who formed it", () => {
    const members = [...founders, added];
    const description = { clusterId: clusterId + 1n, founders, members };
    const place = placeIn(description, flags("m3", ["m1", "m2", "m3"]));
    expect(place).toContain("was not formed by those it says");
  });
});
