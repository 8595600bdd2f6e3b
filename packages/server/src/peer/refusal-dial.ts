import type { Dial } from "@conclave/rpc";

/**
 * Tells when nobody listens at a member's address any more: the kernel that closed the connections of a process that died
 * refuses new ones at once, long before its silence would mean anything. A machine that is off refuses nothing.
 */
export function tellingRefusals(dial: Dial, onRefused: () => void): Dial {
  return (target, result) =>
    dial(target, {
      onLink: (link) => result.onLink(link),
      onFailed: (reason, isRefused = false) => {
        if (isRefused) onRefused();
        result.onFailed(reason, isRefused);
      },
    });
}
