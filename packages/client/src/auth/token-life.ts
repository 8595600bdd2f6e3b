/** Life of a token that does not tell: etcd's default for simple tokens, ms. */
const LIFE_DEFAULT_MS = 300_000;
/** A token is replaced after this part of its life, so that no call meets its end. */
const REFRESH_AFTER_PART = 0.8;
/** Tokens that live shorter are not chased, ms. */
const REFRESH_AFTER_MIN_MS = 500;

/**
 * How long to use a token that was just issued, ms: a part of its life, which a JWT tells (RFC 7519 4.1.4, `exp`).
 * @param nowMs of the wall clock, for `exp` is a date
 */
export function refreshAfterMs(token: string, nowMs: number): number {
  const endMs = jwtEndMs(token);
  const lifeMs = endMs === null ? LIFE_DEFAULT_MS : endMs - nowMs;
  return Math.max(lifeMs * REFRESH_AFTER_PART, REFRESH_AFTER_MIN_MS);
}

function jwtEndMs(token: string): number | null {
  const [, payload = "", signature] = token.split(".");
  if (signature === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    const { exp } = claims as { readonly exp?: unknown };
    return typeof exp === "number" ? exp * 1_000 : null;
  } catch {
    return null;
  }
}
