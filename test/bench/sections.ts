import type { Section } from "./row.ts";
import { sdkSection } from "./sdk/section.ts";

/** Everything that `npm run bench` knows, in the order of docs/benchmarks.md. */
export const sections: readonly Section[] = [sdkSection];
