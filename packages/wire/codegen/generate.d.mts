import type { Root } from "protobufjs";

export function reflection(): Root;
export function generatedFiles(): Map<string, string>;
