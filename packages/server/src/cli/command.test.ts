import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../config/config-error.ts";
import type { ServerOptions } from "../config/options.ts";
import { type ProcessHost, runCommandLine, type StartServer } from "./command.ts";

/** A process whose signals and errors the test raises. */
class FakeProcess implements ProcessHost {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly isTerminal = false;
  output = "";
  errors = "";
  readonly exits: number[] = [];
  elapsedMs = 0;
  #onSignal: (signal: string) => void = () => {};
  #onError: (error: unknown) => void = () => {};

  constructor(commandLine: string, environment: Readonly<Record<string, string>> = {}) {
    this.args = commandLine.split(" ").filter((arg) => arg !== "");
    this.environment = environment;
  }

  printLine(text: string): void {
    this.output += text;
  }

  printError(text: string): void {
    this.errors += text;
  }

  now(): Date {
    return new Date(0);
  }

  nowMs(): number {
    return this.elapsedMs;
  }

  onStopSignal(callback: (signal: string) => void): void {
    this.#onSignal = callback;
  }

  onUncaughtError(callback: (error: unknown) => void): void {
    this.#onError = callback;
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  raiseSignal(signal: string): void {
    this.#onSignal(signal);
  }

  raiseError(error: unknown): void {
    this.#onError(error);
  }
}

/** A start that succeeds, and notes what it was asked for and whether it was stopped. */
function startsFine(): { start: StartServer; asked: ServerOptions[]; stops: () => number } {
  const asked: ServerOptions[] = [];
  let stops = 0;
  const start: StartServer = async (options) => {
    asked.push(options);
    return {
      clientUrls: ["http://127.0.0.1:40001"],
      peerUrls: ["http://127.0.0.1:40002"],
      failed: new Promise(() => {}),
      close: async () => {
        stops += 1;
      },
    };
  };
  return { start, asked, stops: () => stops };
}

const failsWith =
  (error: unknown): StartServer =>
  () =>
    Promise.reject(error);

const neverStarts: StartServer = () => {
  throw new Error("the server must not be started");
};

function listenError(code: string): Error {
  const facts = { code, syscall: "listen", address: "127.0.0.1", port: 2379 };
  return Object.assign(new Error(`listen ${code}: …`), facts);
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** Long enough for a start that resolves at once to have been noticed. */
const turn = () => new Promise((done) => setImmediate(done));

describe("serve", () => {
  test.each(["SIGTERM", "SIGINT"])("%s stops the server and exits 0", async (signal) => {
    const { start, asked, stops } = startsFine();
    const host = new FakeProcess("serve --name m1 --data-dir /x/y");
    const running = runCommandLine(host, start);
    await turn();
    expect(asked).toEqual([{ name: "m1", dataDirectory: "/x/y" }]);
    expect(stops()).toBe(0);
    host.raiseSignal(signal);
    expect(await running).toBe(0);
    expect(stops()).toBe(1);
    expect(host.exits).toEqual([]);
  });

  test("tells where it listens, and three things to try there", async () => {
    const host = new FakeProcess("serve --name m1");
    const running = runCommandLine(host, startsFine().start);
    await turn();
    expect(host.output).toContain("member m1 is ready");
    expect(host.output).toContain("clients  http://127.0.0.1:40001");
    expect(host.output).toContain("peers    http://127.0.0.1:40002");
    expect(host.output).toContain(`data     ${resolve("m1.conclave.data")}`);
    expect(host.output).toContain("etcdctl --endpoints=http://127.0.0.1:40001 put");
    expect(host.output).toContain("curl http://127.0.0.1:40001/health");
    host.raiseSignal("SIGTERM");
    await running;
  });

  test("a server that cannot go on ends the process with 1, without a stop that would pretend", async () => {
    const { start, stops } = startsFine();
    const failing: StartServer = async (...args) => ({
      ...(await start(...args)),
      failed: Promise.resolve(new Error("the write-ahead log cannot be written")),
    });
    expect(await runCommandLine(new FakeProcess("serve"), failing)).toBe(1);
    expect(stops()).toBe(0);
  });

  test("a second signal ends the process while it is still stopping", async () => {
    const host = new FakeProcess("serve");
    const { start } = startsFine();
    const neverStops: StartServer = async (...args) => ({
      ...(await start(...args)),
      close: () => new Promise(() => {}),
    });
    void runCommandLine(host, neverStops);
    await turn();
    host.raiseSignal("SIGTERM");
    await turn();
    // npm passes on what the terminal sent to all: that is not a second wish.
    host.elapsedMs = 250;
    host.raiseSignal("SIGTERM");
    expect(host.exits).toEqual([]);
    host.elapsedMs = 251;
    host.raiseSignal("SIGINT");
    expect(host.exits).toEqual([1]);
  });

  test("a signal while it is starting stops it once it has started", async () => {
    const { start, stops } = startsFine();
    const host = new FakeProcess("serve");
    const running = runCommandLine(host, start);
    host.raiseSignal("SIGTERM");
    expect(await running).toBe(0);
    expect(stops()).toBe(1);
  });

  test("an error that nobody caught is logged and ends the process with 1", async () => {
    const host = new FakeProcess("serve");
    const running = runCommandLine(host, startsFine().start);
    await turn();
    host.raiseError(new RangeError("index went back"));
    expect(host.exits).toEqual([1]);
    expect(JSON.parse(host.errors)).toMatchObject({
      level: "fatal",
      error: expect.stringContaining("RangeError: index went back"),
    });
    host.raiseSignal("SIGTERM");
    await running;
  });

  test("the environment counts, and what is ignored is said in the log", async () => {
    const { start, asked } = startsFine();
    const host = new FakeProcess("serve --enable-v2", { ETCD_NAME: "from-env" });
    const running = runCommandLine(host, start);
    await turn();
    expect(asked).toEqual([{ name: "from-env" }]);
    expect(JSON.parse(host.errors)).toMatchObject({
      level: "warn",
      msg: "--enable-v2 means nothing here; ignored",
    });
    host.raiseSignal("SIGTERM");
    await running;
  });

  test.each([
    { args: "--nam x", line: "conclave: --nam is not a flag; did you mean --name?" },
    {
      args: "--election-timeout 300",
      line: "conclave: --election-timeout must be at least 5 times the heartbeat interval: 300 ms against 100 ms",
    },
    {
      args: "--listen-client-urls http://0.0.0.0:2379",
      line: "conclave: --advertise-client-urls is required when --listen-client-urls is set",
    },
    { args: "--peer-cert-file x", line: "conclave: --peer-cert-file is not supported yet" },
  ])("$args is one clear line and exit code 2, before anything starts", async ({ args, line }) => {
    const host = new FakeProcess(`serve ${args}`);
    expect(await runCommandLine(host, neverStarts)).toBe(2);
    expect(host.errors).toBe(`${line}\n`);
    expect(host.output).toBe("");
  });

  test.each([
    {
      why: "a taken port",
      error: listenError("EADDRINUSE"),
      exitCode: 2,
      line: "conclave: cannot listen on 127.0.0.1:2379: address already in use; is another server running?",
    },
    {
      why: "a port for the powerful",
      error: listenError("EACCES"),
      exitCode: 2,
      line: "conclave: cannot listen on 127.0.0.1:2379: this user may not use that port",
    },
    {
      why: "an address of another machine",
      error: listenError("EADDRNOTAVAIL"),
      exitCode: 2,
      line: "conclave: cannot listen on 127.0.0.1:2379: this machine has no such address",
    },
    {
      why: "a refused data directory",
      error: named("DataDirectoryError", "/x is locked\nby process 7"),
      exitCode: 2,
      line: "conclave: /x is locked by process 7",
    },
    {
      why: "a damaged log",
      error: named("WalCorruption", "write-ahead log damaged"),
      exitCode: 2,
      line: "conclave: write-ahead log damaged",
    },
    {
      why: "a setting that only the server can judge",
      error: new ConfigError("initialCluster", "gives two members one id"),
      exitCode: 2,
      line: "conclave: --initial-cluster gives two members one id",
    },
    {
      why: "anything else",
      error: new RangeError("out of luck"),
      exitCode: 1,
      line: "conclave: RangeError: out of luck",
    },
  ])("$why is one line and exit code $exitCode", async ({ error, exitCode, line }) => {
    const host = new FakeProcess("serve");
    expect(await runCommandLine(host, failsWith(error))).toBe(exitCode);
    expect(host.errors).toBe(`${line}\n`);
  });

  test("a stop that fails exits 1", async () => {
    const host = new FakeProcess("serve");
    const { start } = startsFine();
    const failsToStop: StartServer = async (...args) => ({
      ...(await start(...args)),
      close: () => Promise.reject(new Error("sync failed")),
    });
    const running = runCommandLine(host, failsToStop);
    await turn();
    host.raiseSignal("SIGTERM");
    expect(await running).toBe(1);
    expect(host.errors).toContain("sync failed");
  });
});

describe("other commands", () => {
  test.each(["help", "--help", "-h", "serve --help", "serve --name x -h", ""])(
    "%j prints every flag and exits 0",
    async (commandLine) => {
      const host = new FakeProcess(commandLine);
      expect(await runCommandLine(host, neverStarts)).toBe(0);
      for (const flag of ["--name (default)", "--data-dir (conclave.data)", "--emulate-version"]) {
        expect(host.output).toContain(flag);
      }
    },
  );

  test.each(["version", "--version", "serve --version"])(
    "%j prints four lines, as etcd does",
    async (commandLine) => {
      const host = new FakeProcess(commandLine);
      expect(await runCommandLine(host, neverStarts)).toBe(0);
      const lines = host.output.trimEnd().split("\n");
      expect(lines).toHaveLength(4);
      expect(lines[0]).toMatch(/^etcd Version: \d+\.\d+\.\d+$/);
      expect(lines[1]).toMatch(/^Conclave Version: \d+\.\d+\.\d+$/);
    },
  );

  test("an unknown command is exit code 2, with the nearest one", async () => {
    const host = new FakeProcess("server");
    expect(await runCommandLine(host, neverStarts)).toBe(2);
    expect(host.errors).toBe('conclave: "server" is not a command; did you mean conclave serve?\n');
  });

  test("flags without a command ask for serve", async () => {
    const host = new FakeProcess("--name m1");
    expect(await runCommandLine(host, neverStarts)).toBe(2);
    expect(host.errors).toBe('conclave: "--name" is not a command; did you mean conclave serve?\n');
  });
});
