/** A vitest reporter that counts, and names what was skipped and why, in a file for test.mjs. */
import { writeFileSync } from "node:fs";

/**
 * @typedef {object} TestReport
 * @property {number} passed
 * @property {number} failed tests, and files that could not even be collected
 * @property {{ name: string, reason: string }[]} skipped
 * @property {{ name: string, error: string }[]} unsteady passed only when they were run again
 */

/**
 * Tests that race with real time (processes, sockets, disks) may fail because the machine stood still: they are run once more, and named.
 * Where a failure is a broken promise, whenever it comes, passing the second time does not help.
 */
const NEVER_UNSTEADY =
  /^(packages\/(base|wire|raft|state-machine)|test\/(chaos|differential|disks|failure-modes|fuzz|interop|quarantine|simulation|threats))\//;

/** Where the report goes; set by test.mjs. */
const reportPath = process.env.CONCLAVE_TEST_REPORT;

export default class TestReportWriter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {TestReport} */
    const report = { passed: 0, failed: unhandledErrors.length, skipped: [], unsteady: [] };
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
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    if (result.state === "passed" && test.diagnostic()?.flaky) {
      const errors = result.errors ?? [];
      report.unsteady.push({ name, error: errors.map(textOf).join("\n") });
      if (NEVER_UNSTEADY.test(module.relativeModuleId)) report.failed += 1;
      else report.passed += 1;
    } else if (result.state === "passed") report.passed += 1;
    else if (result.state === "failed") report.failed += 1;
    else {
      report.skipped.push({ name, reason: result.note ?? reasonOf(test) });
    }
  }
}

/** Of a test that ran out of its time vitest has a stack that says nothing. @param {import("vitest").TestError} error */
function textOf({ message, stack = "" }) {
  return stack.includes(message) ? stack : message;
}

/** A test skipped without a note must say why in its title. @param {import("vitest/node").TestCase} test */
function reasonOf(test) {
  return test.options.mode === "todo" ? "to do" : "see its title";
}
