import { ConclaveError } from "../errors.ts";

export function noEndpointError(service: string, cause?: unknown): ConclaveError {
  const message = `no instance of ${JSON.stringify(service)} is registered`;
  return new ConclaveError("NO_ENDPOINT", "not-applied", message, { cause });
}
