import * as make from "./etcd-error.ts";

/**
 * A refusal that etcd does not have: this member's state was found to differ from the majority's. Another member, or this
 * one later, will answer; nothing was applied.
 */
export const quarantined = /* @__PURE__ */ make.unavailable(
  "this member is in quarantine: its state differs from the majority's",
);
