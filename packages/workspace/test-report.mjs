/** A vitest reporter that counts, and names what was skipped and why, in a file for test.mjs. */
import { writeFileSync } from "node:fs";

/**
 * @typedef {object} TestReport
 * @property {number} passed
 * @property {number} failed tests, and files that could not even be collected
 * @property {{ name: string, reason: string }[]} skipped
 */

/** Where the report goes; set by test.mjs. */
const reportPath = process.env.CONCLAVE_TEST_REPORT;

export default class TestReportWriter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {TestReport} */
    const report = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) countModule(module, report);
    if (reportPath !== undefined) writeFileSync(reportPath, JSON.stringify(report));
  }
}

/** @param {import("vitest/node").TestModule} module @param {TestReport} report */
function countModule(module, report) {
  // An import that throws, or a failed beforeAll, leaves errors on the module or suite, not on a test.
  report.failed += module.errors().length;
  for (const suite of module.children.allSuites()) report.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === "passed") report.passed += 1;
    else if (result.state === "failed") report.failed += 1;
    else {
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      report.skipped.push({ name, reason: result.note ?? reasonOf(test) });
    }
  }
}

/** A test skipped without a note must say why in its title. @param {import("vitest/node").TestCase} test */
function reasonOf(test) {
  return test.options.mode === "todo" ? "to do" : "see its title";
}
