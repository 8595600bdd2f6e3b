import { setTimeout as sleep } from "node:timers/promises";

/**
 * Polls until `attempt` neither throws nor rejects, and returns what it returned.
 * @throws the last failure once `timeoutMs` has passed.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  timeoutMs = 10_000,
  everyMs = 50,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
      await sleep(everyMs);
    }
  }
}
