import { isIP } from "node:net";

/**
 * DNS rebinding (CVE-2018-1099): a web page whose own name is made to resolve to this machine could read
 * and write here with the browser's help. Such a request names the attacker's host, so plain HTTP
 * answers only to names it knows. An address cannot be rebound, and loopback is where it all starts.
 */
export class HostCheck {
  readonly #names: ReadonlySet<string>;
  readonly #isAnyAllowed: boolean;

  /** @param names hosts, without port; "*" switches the check off */
  constructor(names: Iterable<string>) {
    this.#names = new Set(["localhost", ...[...names].map((name) => name.toLowerCase())]);
    this.#isAnyAllowed = this.#names.has("*");
  }

  /** @param header the Host header as received; HTTP/1.0 may have none, and no browser speaks that */
  allows(header: string | undefined): boolean {
    if (this.#isAnyAllowed || header === undefined) return true;
    const host = hostOf(header);
    return isIP(host) !== 0 || this.#names.has(host);
  }
}

/** The host of a Host header: no port, no brackets, no dot at the end, in lower case. */
function hostOf(header: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(header);
  if (bracketed !== null) return bracketed[1] ?? "";
  return header.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

/** What a refused client reads. It names the flag, since it may be an operator's own. */
export function misdirectedText(header: string): string {
  return [
    `This server does not answer to the host name ${JSON.stringify(header)}.`,
    "Web pages could otherwise reach it through a name they made up (DNS rebinding, CVE-2018-1099).",
    "To allow the name, advertise it (--advertise-client-urls) or list it (--host-whitelist).",
    "",
  ].join("\n");
}
