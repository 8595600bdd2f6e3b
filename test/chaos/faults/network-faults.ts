import type { ChaosCluster } from "../cluster.ts";
import { CLIENTS, type Impairment, type Place } from "../network/packet-rules.ts";
import { type ActiveFault, type BeginFault, itemAt, othersOf } from "./active-fault.ts";

const LOSS_MAX = 0.3;
const KILOBITS_MIN = 128;
const KILOBITS_MAX = 4_096;

/** One member alone, sometimes cut off from the clients as well. */
export const isolate: BeginFault = ({ cluster, plan, member }) => {
  const others = othersOf(cluster, member).map(({ name }) => name);
  const rest = plan.other < 0.5 ? others : [...others, CLIENTS];
  return imposed(cluster, `isolate ${member.name} from ${rest.join(" ")}`, [
    ...cutsBetween([member.name], rest),
  ]);
};

/** One direction only: a member that is not heard, one that hears nobody, or one link. */
export const oneWayCut: BeginFault = ({ cluster, plan, member }) => {
  const others = othersOf(cluster, member).map(({ name }) => name);
  const far = plan.other < 0.6 ? others : [itemAt(others, plan.other)];
  const isOutgoing = plan.strength < 0.5;
  const cuts = far.map((other): Impairment => {
    const [from, to] = isOutgoing ? [member.name, other] : [other, member.name];
    return { kind: "cut", from, to };
  });
  const way = isOutgoing
    ? `${member.name} > ${far.join(" ")}`
    : `${far.join(" ")} > ${member.name}`;
  return imposed(cluster, `cut ${way}`, cuts);
};

/** Two sides that hear each other only through one member, which is on both. */
export const bridge: BeginFault = ({ cluster, member }) => {
  const others = othersOf(cluster, member).map(({ name }) => name);
  const half = Math.ceil(others.length / 2);
  const [one, two] = [others.slice(0, half), others.slice(half)];
  const text = `bridge ${one.join(" ")} - ${member.name} - ${two.join(" ")}`;
  return imposed(cluster, text, cutsBetween(one, two));
};

/** A majority and a minority, in which the leader may be. */
export const split: BeginFault = ({ cluster, plan, member }) => {
  const others = othersOf(cluster, member).map(({ name }) => name);
  const minoritySize = Math.floor((cluster.members.length - 1) / 2);
  const from = Math.floor(plan.other * others.length);
  const company = [...others.slice(from), ...others.slice(0, from)].slice(0, minoritySize - 1);
  const minority = [member.name, ...company];
  const majority = others.filter((name) => !company.includes(name));
  const text = `split ${minority.join(" ")} | ${majority.join(" ")}`;
  return imposed(cluster, text, cutsBetween(minority, majority));
};

/** Packets get lost everywhere between members. */
export const loss: BeginFault = ({ cluster, plan }) => {
  const names = cluster.members.map(({ name }) => name);
  const share = LOSS_MAX * Math.max(0.1, plan.strength);
  const impairments = names.flatMap((from) =>
    names.filter((to) => to !== from).map((to): Impairment => ({ kind: "loss", from, to, share })),
  );
  return imposed(cluster, `loss of ${(share * 100).toFixed(0)} %`, impairments);
};

/** Connections of a member to the others, or to the clients, break. */
export const reset: BeginFault = ({ cluster, plan, member }) => {
  const others = othersOf(cluster, member).map(({ name }) => name);
  const far = plan.other < 0.5 ? others : [CLIENTS];
  const impairments = far.flatMap((name): Impairment[] => [
    { kind: "reset", from: name, to: member.name },
    { kind: "reset", from: member.name, to: name },
  ]);
  return imposed(cluster, `reset ${member.name} - ${far.join(" ")}`, impairments);
};

export const slow: BeginFault = async ({ cluster, plan, member }) => {
  const { network } = cluster;
  const rate = Math.round(KILOBITS_MIN * (KILOBITS_MAX / KILOBITS_MIN) ** plan.strength);
  await network.slow(member.name, rate);
  return { text: `slow ${member.name}, ${rate} kbit/s`, end: () => network.quicken(member.name) };
};

async function imposed(
  { network }: ChaosCluster,
  text: string,
  impairments: readonly Impairment[],
): Promise<ActiveFault> {
  await network.impose(...impairments);
  return { text, end: () => network.lift(...impairments) };
}

function cutsBetween(some: readonly Place[], others: readonly Place[]): Impairment[] {
  return some.flatMap((a) =>
    others.flatMap((b): Impairment[] => [
      { kind: "cut", from: a, to: b },
      { kind: "cut", from: b, to: a },
    ]),
  );
}
