/** Units of `grpc-timeout` in ms (gRPC over HTTP/2, "Timeout"). */
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The time in ms that a `grpc-timeout` value says, or null if it says none: 1 to 8 digits and a unit. */
export function parseTimeoutMs(value: string): number | null {
  const unitMs = UNIT_MS[value.slice(-1)];
  if (unitMs === undefined || value.length < 2 || value.length > 9) return null;
  let count = 0;
  for (let at = 0; at < value.length - 1; at += 1) {
    const digit = value.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return null;
    count = count * 10 + digit;
  }
  return count * unitMs;
}

/** The finest `grpc-timeout` of eight digits that is not shorter than `timeoutMs`. */
export function formatTimeout(timeoutMs: number): string {
  if (timeoutMs <= 0) return "0n";
  for (const unit of ["u", "m", "S", "M"]) {
    const count = Math.ceil(timeoutMs / UNIT_MS[unit]!);
    if (count < 1e8) return `${count}${unit}`;
  }
  return `${Math.min(Math.ceil(timeoutMs / UNIT_MS.H!), 99_999_999)}H`;
}

/** Percent-encodes for `grpc-message`: UTF-8, with only 0x20 to 0x7e except `%` left as they are. */
export function encodeGrpcMessage(text: string): string {
  if (isPlain(text)) return text;
  let encoded = "";
  for (const octet of Buffer.from(text, "utf8")) {
    if (octet >= 0x20 && octet <= 0x7e && octet !== 0x25) encoded += String.fromCharCode(octet);
    else encoded += `%${octet < 16 ? "0" : ""}${octet.toString(16).toUpperCase()}`;
  }
  // A field value has no space at its ends (RFC 9113 8.2.1).
  return encoded.replace(/^ | $/g, "%20");
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit > 0x7e || unit === 0x25) return false;
  }
  return !text.startsWith(" ") && !text.endsWith(" ");
}

/** Undoes {@link encodeGrpcMessage}; what is no valid encoding stays as it is, for it must not be lost. */
export function decodeGrpcMessage(encoded: string): string {
  if (!encoded.includes("%")) return Buffer.from(encoded, "latin1").toString("utf8");
  const octets: number[] = [];
  for (let at = 0; at < encoded.length; at += 1) {
    const hex = encoded.slice(at + 1, at + 3);
    if (encoded[at] === "%" && /^[0-9a-fA-F]{2}$/.test(hex)) {
      octets.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      octets.push(encoded.charCodeAt(at) & 255);
    }
  }
  return Buffer.from(octets).toString("utf8");
}
