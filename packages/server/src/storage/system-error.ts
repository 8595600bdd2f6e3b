/** The code that the system, or LevelDB, put on an error. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
