import { expect, test } from "vitest";
import { refusalOf } from "./exit.ts";

test("a start that failed tells in one line what of, down to the disk's own word", () => {
  const cause = new Error("EIO: i/o error,\n write", { cause: "no error" });
  const error = new Error("the write-ahead log cannot be made ready", { cause });
  expect(refusalOf(error)).toEqual({
    exitCode: 1,
    message: "Error: the write-ahead log cannot be made ready: EIO: i/o error, write",
  });
});
