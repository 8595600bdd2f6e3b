import type { Channel } from "@conclave/rpc";
import { Cluster, type Member } from "@conclave/wire";
import { eventually } from "../support/eventually.ts";
import { callUnary } from "./call-unary.ts";
import type { ChaosCluster, ChaosMember } from "./cluster.ts";
import { othersOf } from "./faults/active-fault.ts";

/** Longer than a server goes on with a change: after this, whoever asked again asks alone. Milliseconds. */
const CALL_TIMEOUT_MS = 8_000;
/** While members are cut off or down nothing is changed; no fault lasts so long. Milliseconds. */
const PATIENCE_MS = 60_000;
const POLL_MS = 100;

/** @throws Error without an answer */
export async function listMembers(
  channel: Channel,
  linearizable: boolean,
): Promise<readonly Member[]> {
  const { response, status } = await callUnary(
    channel,
    Cluster.MemberList,
    { linearizable },
    CALL_TIMEOUT_MS,
  );
  if (response === null) throw new Error(`no list of members: ${status.message}`);
  return response.members;
}

/** An operator who asks one member after the other, until the members listed are those that are wanted. */
export class Operator {
  readonly #others: readonly ChaosMember[];
  #turn = 0;

  /** @param about asked of everybody else, though those may be down or cut off at the moment */
  constructor(cluster: ChaosCluster, about: ChaosMember) {
    this.#others = othersOf(cluster, about);
  }

  /** What is listed at a peer URL, as a quorum knows it. */
  memberAt(peerUrl: string): Promise<Member | undefined> {
    return this.#until(async (channel) => memberAt(await listMembers(channel, true), peerUrl));
  }

  async remove(peerUrl: string): Promise<void> {
    const found = await this.memberAt(peerUrl);
    if (found === undefined) throw new Error(`${peerUrl} was no member`);
    const { ID } = found;
    await this.#until(async (channel) => {
      const members = await listMembers(channel, true);
      if (!members.some((member) => member.ID === ID)) return;
      const { status } = await callUnary(channel, Cluster.MemberRemove, { ID }, CALL_TIMEOUT_MS);
      // Whatever was answered, the list decides.
      throw new Error(`is a member still: ${status.message}`);
    });
  }

  /** @returns all members with it */
  add(peerUrl: string): Promise<readonly Member[]> {
    return this.#until(async (channel) => {
      const members = await listMembers(channel, true);
      if (memberAt(members, peerUrl) !== undefined) return members;
      const request = { peerURLs: [peerUrl] };
      const { status } = await callUnary(channel, Cluster.MemberAdd, request, CALL_TIMEOUT_MS);
      throw new Error(`is no member yet: ${status.message}`);
    });
  }

  /** Asks until it is told without an error, the next member each time. */
  #until<Result>(ask: (channel: Channel) => Promise<Result>): Promise<Result> {
    return eventually(
      () => {
        const able = this.#others.filter(({ process, isStopped }) => process.running && !isStopped);
        this.#turn += 1;
        const asked = able[this.#turn % able.length];
        if (asked === undefined) throw new Error("nobody runs who could be asked");
        return ask(asked.channel);
      },
      PATIENCE_MS,
      POLL_MS,
    );
  }
}

function memberAt(members: readonly Member[], peerUrl: string): Member | undefined {
  return members.find(({ peerURLs }) => peerURLs.includes(peerUrl));
}
