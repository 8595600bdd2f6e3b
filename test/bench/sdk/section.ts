import type { Section } from "../section.ts";
import { plan } from "./plan.ts";
import { reportOf } from "./report.ts";
import { runPlan } from "./runner.ts";

export const sdkSection: Section = {
  name: "sdk",
  title: plan.title,
  rows: plan.rows,
  async run({ rows, effort, remark, progress }) {
    const chosen = { ...plan, rows: plan.rows.filter(({ name }) => rows.includes(name)) };
    const results = await runPlan(chosen, effort, progress);
    return { markdown: reportOf(chosen, results, effort, remark), drawings: new Map() };
  },
};
