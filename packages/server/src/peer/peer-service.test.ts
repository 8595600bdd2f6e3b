import { nextBelow, seededPrng, VirtualClock } from "@conclave/base";
import { testSeed } from "@conclave/base/testing";
import { encodeMessage, type Message } from "@conclave/raft";
import {
  type CallStatus,
  type Channel,
  clockTurn,
  createRpcServer,
  memoryChannel,
  type ServerStream,
  type ServerStreamHandler,
  Status,
} from "@conclave/rpc";
import { describe, expect, test } from "vitest";
import { silentLogger } from "../observe/logger.ts";
import { type ClusterDescription, decodeClusterDescription } from "./cluster-description.ts";
import { OpenLinks } from "./open-links.ts";
import { DamagedFrames, openFrame, sealFrame } from "./peer-frame.ts";
import { encodeForward, formatId, PeerHeader, PeerPath } from "./peer-protocol.ts";
import {
  decodeCheckpoints,
  decodeNumbers,
  encodeLeaseId,
  encodeNumbers,
  registerPeerService,
} from "./peer-service.ts";

const SELF = 0x1n;
const PEER = 0x2n;
const CLUSTER = 0xc1n;
const DESCRIPTION: ClusterDescription = {
  clusterId: CLUSTER,
  founders: [{ id: SELF, name: "one", peerUrls: ["http://10.0.0.1:2380"] }],
  members: [
    { id: SELF, name: "one", peerUrls: ["http://10.0.0.1:2380"] },
    { id: 2n ** 64n - 1n, name: "", peerUrls: ["http://10.0.0.2:2380"] },
  ],
};
const NO_MORE = new Uint8Array(0);

const IDENTITY: Record<string, string> = {
  [PeerHeader.clusterId]: formatId(CLUSTER),
  [PeerHeader.from]: formatId(PEER),
  [PeerHeader.to]: formatId(SELF),
  [PeerHeader.version]: "2",
};

/** A member's peer methods behind an in-memory connection, and what reached the member through them. */
function peerPort() {
  const clock = new VirtualClock();
  const server = createRpcServer({ clock, atTurnEnd: clockTurn(clock) });
  const damagedFrames = new DamagedFrames(silentLogger);
  const messages: Message[] = [];
  const forwarded: { data: string; term: number }[] = [];
  const removed = new Set([0x9n]);
  const openLinks = new OpenLinks();
  const seen: { from: bigint; peerUrls: readonly string[]; boot: bigint | null }[] = [];
  registerPeerService(server, {
    self: SELF,
    clusterId: CLUSTER,
    logger: silentLogger,
    removedMembers: () => removed,
    onLink: (from, peerUrls, boot) => seen.push({ from, peerUrls, boot }),
    onIntroduction: async () => null,
    onMessage: (message) => messages.push(message),
    onForward: (entryData, term) => {
      if (term !== 7) return false;
      forwarded.push({ data: Buffer.from(entryData).toString(), term });
      return true;
    },
    onLeaseRenew: (id, answer) => answer(id === 5n ? 60 : id === 6n ? null : 0),
    onLeaseRemaining: (_id, answer) => answer({ remaining: 12, granted: 60 }),
    onSnapshot: (_from, stream) => endStream(stream),
    onState: (_from, stream) => endStream(stream),
    onStateWanted: (to, indexMin) => to === PEER && indexMin <= 40,
    checkpoints: () => [
      { index: 100, digest: 2 ** 32 - 1 },
      { index: 117, digest: 0 },
    ],
    damagedFrames,
    openLinks,
    onMembershipChange: (body, answer) => answer(body),
    describeCluster: () => DESCRIPTION,
  });
  const channel = memoryChannel(server, clock);
  return { clock, server, channel, messages, forwarded, seen, removed, openLinks, damagedFrames };
}

function endStream(stream: ServerStream): ServerStreamHandler {
  stream.end(Status.OK);
  return { onMessage() {}, onHalfClose() {}, onCancel() {}, onDrain() {} };
}

/** Opens a link. `status` is null while it is open. */
function openLink(channel: Channel, metadata: Record<string, string>) {
  const link = { isOpen: false, status: null as CallStatus | null };
  const stream = channel.stream(
    PeerPath.link,
    { metadata, waitForReady: true },
    {
      onOpen: () => {
        link.isOpen = true;
      },
      onMessage: () => {},
      onEnd: (status) => {
        link.status = status;
      },
    },
  );
  return { link, stream };
}

const heartbeat = (from: bigint, to: bigint): Message => {
  return { type: "heartbeat", from, to, term: 3, commit: 0, readSequence: 1 };
};

test("a member that was removed is told so on the link it has open, though it says nothing", () => {
  const { clock, channel, removed, openLinks } = peerPort();
  const { link } = openLink(channel, IDENTITY);
  const { link: other, stream } = openLink(channel, { ...IDENTITY, [PeerHeader.from]: "4" });
  clock.advance(100);
  openLinks.endRemoved(removed);
  clock.advance(100);
  expect([link.status, other.status, openLinks.count]).toEqual([null, null, 2]);
  removed.add(PEER);
  openLinks.endRemoved(removed);
  clock.advance(100);
  expect(link.status).toMatchObject({ code: Status.NOT_FOUND });
  expect([other.status, openLinks.count]).toEqual([null, 1]);
  stream.cancel();
  clock.advance(100);
  expect(openLinks.count).toBe(0);
});

test("a member that the log here does not know yet is served, and where it is reached and which start of it this is are heard", () => {
  const { clock, channel, messages, seen } = peerPort();
  const urls = "http://10.0.0.4:2380,http://10.0.0.5:2380";
  const from = { [PeerHeader.from]: "4", [PeerHeader.peerUrls]: urls, [PeerHeader.boot]: "b0" };
  const { stream } = openLink(channel, { ...IDENTITY, ...from });
  stream.send(sealFrame(encodeMessage(heartbeat(4n, SELF))));
  openLink(channel, { ...IDENTITY, [PeerHeader.peerUrls]: "file:///etc/passwd" });
  clock.advance(100);
  expect(messages).toHaveLength(1);
  expect(seen).toEqual([
    { from: 4n, peerUrls: urls.split(","), boot: 0xb0n },
    { from: PEER, peerUrls: [], boot: null },
  ]);
});

test("whoever is to join is told who the members are without being one", () => {
  const { clock, channel } = peerPort();
  let description: ClusterDescription | null = null;
  channel.unary(PeerPath.describeCluster, NO_MORE, {}, (_status, body) => {
    const content = body && openFrame(body);
    description = content && decodeClusterDescription(content);
  });
  clock.advance(100);
  expect(description).toEqual(DESCRIPTION);
  expect(decodeClusterDescription(Buffer.from("[1]"))).toBeNull();
  expect(
    decodeClusterDescription(Buffer.from('{"clusterId":"c1","members":[],"founders":7}')),
  ).toBeNull();
});

describe("a link is refused by name", () => {
  test.each([
    {
      who: "one of another cluster",
      header: PeerHeader.clusterId,
      value: "c2",
      why: /cluster ID mismatch/,
    },
    {
      who: "one who looks for another member",
      header: PeerHeader.to,
      value: "3",
      why: /member ID mismatch/,
    },
    {
      who: "one who speaks another version",
      header: PeerHeader.version,
      value: "1",
      why: /version mismatch/,
    },
    {
      who: "one with its own name",
      header: PeerHeader.from,
      value: "1",
      why: /this member itself/,
    },
    {
      who: "a removed member",
      header: PeerHeader.from,
      value: "9",
      why: /9 is refused: it was removed/,
      code: Status.NOT_FOUND,
    },
    {
      who: "one without a name",
      header: PeerHeader.from,
      value: "x",
      why: /did not say who it is/,
    },
  ])("$who", ({ header, value, why, code = Status.PERMISSION_DENIED }) => {
    const { clock, channel, messages } = peerPort();
    const { link, stream } = openLink(channel, { ...IDENTITY, [header]: value });
    stream.send(sealFrame(encodeMessage(heartbeat(PEER, SELF))));
    clock.advance(100);
    expect(link.isOpen).toBe(false);
    expect(link.status).toMatchObject({ code });
    expect(link.status?.message).toMatch(why);
    expect(messages).toEqual([]);
  });

  test("and so is each other method", () => {
    const { clock, channel, forwarded } = peerPort();
    const metadata = { ...IDENTITY, [PeerHeader.clusterId]: "c2" };
    const codes: number[] = [];
    for (const path of [PeerPath.forward, PeerPath.leaseRenew, PeerPath.leaseRemaining]) {
      channel.unary(path, sealFrame(encodeForward(7, NO_MORE)), { metadata }, ({ code }) =>
        codes.push(code),
      );
    }
    clock.advance(100);
    expect(codes).toEqual([7, 7, 7]);
    expect(forwarded).toEqual([]);
  });
});

describe("an open link", () => {
  test("brings messages in order", () => {
    const { clock, channel, messages } = peerPort();
    const { link, stream } = openLink(channel, IDENTITY);
    clock.advance(10);
    expect(link.isOpen).toBe(true);
    for (let readSequence = 1; readSequence <= 3; readSequence += 1) {
      stream.send(sealFrame(encodeMessage({ ...heartbeat(PEER, SELF), readSequence } as Message)));
    }
    clock.advance(10);
    expect(messages).toMatchObject([{ readSequence: 1 }, { readSequence: 2 }, { readSequence: 3 }]);
  });

  test.each([
    { what: "a message of somebody else", bytes: encodeMessage(heartbeat(0x3n, SELF)) },
    { what: "a message to somebody else", bytes: encodeMessage(heartbeat(PEER, 0x3n)) },
    { what: "bytes that are no message", bytes: Buffer.from("nonsense") },
  ])("ends at $what", ({ bytes }) => {
    const { clock, channel, messages } = peerPort();
    const { link, stream } = openLink(channel, IDENTITY);
    stream.send(sealFrame(bytes));
    stream.send(sealFrame(encodeMessage(heartbeat(PEER, SELF))));
    clock.advance(100);
    expect(link.status).toMatchObject({ code: Status.INVALID_ARGUMENT });
    expect(messages).toEqual([]);
  });

  test("survives any bytes", () => {
    const prng = seededPrng(testSeed(11));
    const { clock, channel, messages } = peerPort();
    const whole = encodeMessage(heartbeat(PEER, SELF));
    for (let round = 0; round < 300; round += 1) {
      const bytes = Uint8Array.from(whole);
      for (let flips = nextBelow(prng, 4); flips >= 0; flips -= 1) {
        bytes[nextBelow(prng, bytes.length)] = nextBelow(prng, 256);
      }
      const { stream } = openLink(channel, IDENTITY);
      stream.send(sealFrame(bytes.subarray(0, nextBelow(prng, bytes.length + 1))));
      stream.cancel();
      clock.advance(5);
    }
    for (const { from, to } of messages) expect([from, to]).toEqual([PEER, SELF]);
  });
});

describe("a frame that was damaged on its way", () => {
  const damaged = (bytes: Uint8Array): Uint8Array => {
    const frame = sealFrame(bytes);
    frame[9]! ^= 1;
    return frame;
  };

  test("ends the connection, with all that came behind it, and is counted", () => {
    const { clock, channel, messages, damagedFrames } = peerPort();
    const { link, stream } = openLink(channel, IDENTITY);
    clock.advance(10);
    const other = openLink(channel, IDENTITY);
    clock.advance(10);
    stream.send(damaged(encodeMessage(heartbeat(PEER, SELF))));
    stream.send(sealFrame(encodeMessage(heartbeat(PEER, SELF))));
    clock.advance(100);
    expect(messages).toEqual([]);
    expect(damagedFrames.total).toBe(1);
    expect(link.status).toMatchObject({ code: Status.UNAVAILABLE });
    expect(other.link.status).toMatchObject({ code: Status.UNAVAILABLE });
  });

  test("is no command, whatever it says", () => {
    const { clock, channel, forwarded, damagedFrames } = peerPort();
    const ends: CallStatus[] = [];
    const body = damaged(encodeForward(7, Buffer.from("batch")));
    channel.unary(PeerPath.forward, body, { metadata: IDENTITY }, (status) => ends.push(status));
    clock.advance(100);
    expect(forwarded).toEqual([]);
    expect(damagedFrames.total).toBe(1);
    expect(ends).toMatchObject([{ code: Status.UNAVAILABLE, mayHaveReachedServer: true }]);
  });

  test("of who was removed is not even counted: he is refused before", () => {
    const { clock, channel, damagedFrames } = peerPort();
    const metadata = { ...IDENTITY, [PeerHeader.from]: "9" };
    channel.unary(PeerPath.checkpoints, Buffer.from("?"), { metadata }, () => {});
    clock.advance(100);
    expect(damagedFrames.total).toBe(0);
  });
});

describe("a forwarded batch", () => {
  const forward = (body: Uint8Array) => {
    const port = peerPort();
    const answers: CallStatus[] = [];
    port.channel.unary(PeerPath.forward, sealFrame(body), { metadata: IDENTITY }, (s) =>
      answers.push(s),
    );
    port.clock.advance(100);
    return { ...port, status: answers[0] };
  };

  test("meant for this leader's term is taken", () => {
    const { status, forwarded } = forward(encodeForward(7, Buffer.from("batch")));
    expect(status).toMatchObject({ code: Status.OK });
    expect(forwarded).toEqual([{ data: "batch", term: 7 }]);
  });

  test("meant for another term is refused: its sender may propose it again elsewhere", () => {
    const { status, forwarded } = forward(encodeForward(6, Buffer.from("batch")));
    expect(status).toMatchObject({ code: Status.FAILED_PRECONDITION });
    expect(forwarded).toEqual([]);
  });

  test("without a term is malformed", () => {
    expect(forward(Buffer.from("short")).status).toMatchObject({ code: Status.INVALID_ARGUMENT });
  });
});

describe("a follower's question about a lease", () => {
  const ask = (path: string, id: bigint, count: number) => {
    const { clock, channel } = peerPort();
    const answers: (number[] | number | null)[] = [];
    channel.unary(path, sealFrame(encodeLeaseId(id)), { metadata: IDENTITY }, ({ code }, body) =>
      answers.push(body === null ? code : decodeNumbers(openFrame(body)!, count)),
    );
    clock.advance(100);
    return answers;
  };

  test("is answered with the TTL renewed, 0 for a lease that is not there", () => {
    expect(ask(PeerPath.leaseRenew, 5n, 1)).toEqual([[60]]);
    expect(ask(PeerPath.leaseRenew, -1n, 1)).toEqual([[0]]);
  });

  test("is refused by a member that does not lead", () => {
    expect(ask(PeerPath.leaseRenew, 6n, 1)).toEqual([Status.FAILED_PRECONDITION]);
  });

  test("is answered with the time left and granted", () => {
    expect(ask(PeerPath.leaseRemaining, 5n, 2)).toEqual([[12, 60]]);
  });
});

describe("a question about the state", () => {
  const ask = (path: string, body: Uint8Array) => {
    const { clock, channel } = peerPort();
    const answers: [number, Uint8Array | null][] = [];
    channel.unary(path, sealFrame(body), { metadata: IDENTITY }, ({ code }, answer) => {
      answers.push([code, answer === null ? null : openFrame(answer)]);
    });
    clock.advance(100);
    return answers[0] ?? [-1, null];
  };

  test("is answered with the digests at the indexes remembered, whole", () => {
    const [code, body] = ask(PeerPath.checkpoints, NO_MORE);
    expect(code).toBe(Status.OK);
    expect(decodeCheckpoints(body ?? NO_MORE)).toEqual([
      { index: 100, digest: 2 ** 32 - 1 },
      { index: 117, digest: 0 },
    ]);
    expect(decodeCheckpoints(NO_MORE)).toEqual([]);
    expect(decodeCheckpoints(new Uint8Array(17))).toBeNull();
  });

  test("a state that this member does not hold, or not yet, is not sent; a malformed index is refused", () => {
    expect(ask(PeerPath.stateWanted, encodeNumbers(40))[0]).toBe(Status.OK);
    expect(ask(PeerPath.stateWanted, encodeNumbers(41))[0]).toBe(Status.FAILED_PRECONDITION);
    expect(ask(PeerPath.stateWanted, NO_MORE)[0]).toBe(Status.INVALID_ARGUMENT);
  });
});
