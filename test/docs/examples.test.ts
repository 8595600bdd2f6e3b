import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@conclave/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { describeEachServer } from "../support/each-server.ts";
import { allExamples, type Example, javaScriptOf } from "./examples.ts";
import { UNSERVED_BY_CONCLAVE } from "./not-run.ts";

const examples = allExamples();

describeEachServer(
  "the examples of guides and docstrings",
  (server) => {
    let directory = "";
    beforeAll(async () => {
      // Beside this file, so that they resolve the packages that this file does.
      directory = await mkdtemp(join(import.meta.dirname, "run-"));
    });
    afterAll(() => rm(directory, { recursive: true, force: true }));

    const run = async (example: Example, index: number) => {
      const [endpoint = ""] = server.deployment.endpoints;
      const file = join(directory, `example-${index}.mjs`);
      await writeFile(file, javaScriptOf(example, endpoint));
      const client = await connect(endpoint, { namespace: server.prefix("example") });
      vi.stubGlobal("client", client);
      const lies: string[] = [];
      vi.stubGlobal("printed", (claim: string, ...values: readonly unknown[]) => {
        const text = values.map(String).join(" ");
        if (text !== claim && !text.startsWith(`${claim} `)) lies.push(`${text} // ${claim}`);
      });
      const log = vi.spyOn(console, "log").mockReturnValue();
      try {
        await import(file);
      } finally {
        // First, for what an example leaves behind may still speak of it.
        await client.close();
        log.mockRestore();
        vi.unstubAllGlobals();
      }
      expect(lies).toEqual([]);
    };
    const isUnserved = ({ subject }: Example) =>
      server.kind === "conclave" && UNSERVED_BY_CONCLAVE.includes(subject);

    for (const [index, example] of examples.entries()) {
      if (isUnserved(example)) {
        test(`${example.title} is refused, for the server does not serve it yet`, async () => {
          await expect(run(example, index)).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
        });
      } else {
        test(`${example.title} runs as it stands`, () => run(example, index));
      }
    }
  },
  { sizes: [1] },
);
