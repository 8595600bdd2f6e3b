import { costSection } from "./cost/section.ts";
import { sdkSection } from "./sdk/section.ts";
import type { Section } from "./section.ts";
import { failOverSection } from "./servers/fail-over.ts";
import { growthSection } from "./servers/growth.ts";
import { millionSection } from "./servers/million.ts";
import { requestsSection } from "./servers/requests.ts";

/** Everything that `npm run bench` knows, in the order of docs/benchmarks.md. */
export const sections: readonly Section[] = [
  requestsSection,
  costSection,
  millionSection,
  failOverSection,
  growthSection,
  sdkSection,
];
