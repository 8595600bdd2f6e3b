/** Where packets come from and go to: a member by its name, or {@link CLIENTS}. */
export type Place = string;

/** Where all clients of a run are. */
export const CLIENTS: Place = "clients";

/** What happens to packets on their way from one place to another. */
export type Impairment =
  | { readonly kind: "cut"; readonly from: Place; readonly to: Place }
  /** `share` of the packets, from 0 to 1. */
  | { readonly kind: "loss"; readonly from: Place; readonly to: Place; readonly share: number }
  /** Every connection that a packet belongs to is reset. */
  | { readonly kind: "reset"; readonly from: Place; readonly to: Place };

const PER_MILLE = 1_000;

/**
 * nft's script for what arrives at one place, in place of the rules that it had. Loaded as one transaction: there is no
 * moment without rules.
 */
export function rulesAt(
  place: Place,
  impairments: Iterable<Impairment>,
  addressOf: (place: Place) => string,
): string {
  const rules = [...impairments]
    .filter(({ to }) => to === place)
    .map((impairment) => `ip saddr ${addressOf(impairment.from)} ${verdictOf(impairment)}`);
  return [
    "table inet chaos",
    "delete table inet chaos",
    "table inet chaos {",
    "  chain arriving {",
    "    type filter hook input priority 0; policy accept;",
    ...rules.map((rule) => `    ${rule}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

function verdictOf(impairment: Impairment): string {
  if (impairment.kind === "cut") return "drop";
  if (impairment.kind === "reset") return "meta l4proto tcp reject with tcp reset";
  const lost = Math.round(impairment.share * PER_MILLE);
  return `numgen random mod ${PER_MILLE} < ${lost} drop`;
}
