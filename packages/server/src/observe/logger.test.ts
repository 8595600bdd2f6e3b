import { InvariantViolation } from "@conclave/base";
import { describe, expect, test } from "vitest";
import {
  createLogger,
  LOG_FIELD_LENGTH_MAX,
  type LogFormat,
  type Logger,
  type LogLevel,
  silentLogger,
} from "./logger.ts";

function recorder(format: LogFormat, level: LogLevel = "debug") {
  const lines: string[] = [];
  const now = () => new Date("2026-11-21T03:04:05.678Z");
  const logger = createLogger({ level, format, write: (line) => lines.push(line), now });
  return { logger, lines };
}

function logAll(logger: Logger): void {
  for (const level of ["debug", "info", "warn", "error", "fatal"] as const) logger[level](level);
}

describe("json", () => {
  test("one object a line, with etcd's keys and ids in hexadecimal", () => {
    const { logger, lines } = recorder("json");
    logger.warn("peer is slow", { peer: 0x8e9e05c52164694dn, latencyMs: 12.5, urls: ["a", "b"] });
    expect(lines).toEqual([
      '{"level":"warn","ts":"2026-11-21T03:04:05.678Z","msg":"peer is slow",' +
        '"peer":"8e9e05c52164694d","latencyMs":12.5,"urls":["a","b"]}\n',
    ]);
  });

  test("a field cannot pass itself off as the level, time or message", () => {
    const { logger, lines } = recorder("json");
    logger.info("real", { level: "fatal", msg: "forged" });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "info",
      msg: "real",
      "field.level": "fatal",
      "field.msg": "forged",
    });
  });
});

describe("console", () => {
  test("time, level, message, fields; quoted where a space would confuse", () => {
    const { logger, lines } = recorder("console");
    logger.info("became leader", { term: 3, name: "m 1", empty: "", absent: undefined });
    expect(lines).toEqual(['03:04:05.678 info  became leader  term=3  name="m 1"  empty=""\n']);
  });
});

describe.each(["json", "console"] as const)("%s", (format) => {
  test("what a peer chose cannot forge a line or drive a terminal", () => {
    const { logger, lines } = recorder(format);
    const hostile = "x\n03:04:05.678 info  all is well\r\u001b[2J\u009b1m\u202etxt\u2028";
    logger.warn("refused", { name: hostile });
    logger.warn(hostile);
    for (const line of lines) {
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
      expect(line.endsWith("\n")).toBe(true);
    }
    if (format === "json") expect(JSON.parse(lines[0] ?? "").name).toBe(hostile);
  });

  test("an error is told with its causes, a bug with its stack", () => {
    const { logger, lines } = recorder(format);
    const cause = new Error("disk full");
    logger.error("failed", { error: new RangeError("no append", { cause }) });
    logger.fatal("bug", { error: new InvariantViolation("went back") });
    expect(lines[0]).toContain("RangeError: no append (caused by Error: disk full)");
    expect(lines[0]).not.toContain("logger.test");
    expect(lines[1]).toContain("InvariantViolation: went back");
    expect(lines[1]).toContain("logger.test");
  });

  test("one long value does not fill the disk", () => {
    const { logger, lines } = recorder(format);
    logger.info("long", { value: "x".repeat(1_000_000) });
    expect(lines[0]?.length).toBeLessThan(LOG_FIELD_LENGTH_MAX + 200);
    expect(lines[0]).toContain("(1000000 characters)");
  });
});

test.each([
  { level: "debug", written: ["debug", "info", "warn", "error", "fatal"] },
  { level: "warn", written: ["warn", "error", "fatal"] },
  { level: "panic", written: ["fatal"] },
  { level: "fatal", written: ["fatal"] },
] as const)("level $level drops what is milder", ({ level, written }) => {
  const { logger, lines } = recorder("json", level);
  logAll(logger);
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(written);
  expect(logger.isEnabled("debug")).toBe(level === "debug");
});

test("a logger with fields adds them to every line, and its own level holds", () => {
  const { logger, lines } = recorder("json", "info");
  const peerLogger = logger.with({ peer: "m2" }).with({ term: 4 });
  peerLogger.debug("dropped");
  peerLogger.info("kept", { term: 5 });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: "kept", peer: "m2", term: 5 });
  expect(lines).toHaveLength(1);
});

test("the silent logger says nothing and offers nothing", () => {
  logAll(silentLogger);
  expect(silentLogger.with({ a: 1 }).isEnabled("fatal")).toBe(false);
});
