import { checkSetting } from "./config-error.ts";
import { type EndpointUrl, parseEndpointUrl } from "./endpoint-url.ts";

/** One member of the cluster that is being bootstrapped. */
export interface InitialMember {
  readonly name: string;
  /** Sorted by text, as etcd sorts them before comparing and hashing. */
  readonly peerUrls: readonly EndpointUrl[];
}

const SETTING = "initialCluster";

/**
 * Reads `name=url,name=url,…`; a member with several peer URLs is named once for each.
 * @returns members sorted by name
 * @throws ConfigError
 */
export function parseInitialCluster(text: string): InitialMember[] {
  const urlsByName = new Map<string, EndpointUrl[]>();
  const nameByUrl = new Map<string, string>();
  for (const part of text.split(",").map((piece) => piece.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    checkSetting(equals > 0, SETTING, `must have the form name=url,…: ${JSON.stringify(part)}`);
    const name = part.slice(0, equals);
    const url = parseEndpointUrl(part.slice(equals + 1), SETTING);
    checkSetting(url.scheme === "http", SETTING, `cannot speak TLS to peers yet: ${url.text}`);
    checkSetting(!nameByUrl.has(url.text), SETTING, `names ${url.text} twice`);
    nameByUrl.set(url.text, name);
    urlsByName.set(name, [...(urlsByName.get(name) ?? []), url]);
  }
  checkSetting(urlsByName.size > 0, SETTING, "must name at least one member");
  return [...urlsByName]
    .map(([name, peerUrls]) => ({ name, peerUrls: sortedByText(peerUrls) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Checks that a member finds itself in the cluster it is to form, under the very URLs it advertises:
 * its id is hashed from them, and the others will look for it there.
 * @throws ConfigError
 */
export function checkOwnPlace(
  members: readonly InitialMember[],
  name: string,
  advertisedPeerUrls: readonly EndpointUrl[],
): void {
  const own = members.find((member) => member.name === name);
  checkSetting(
    own !== undefined,
    SETTING,
    `does not contain this member's name ${JSON.stringify(name)}`,
  );
  const listed = textsOf(own.peerUrls);
  const advertised = textsOf(sortedByText(advertisedPeerUrls));
  checkSetting(
    listed === advertised,
    SETTING,
    `has ${name} at ${listed}, but this member advertises ${advertised}`,
  );
}

function sortedByText(urls: readonly EndpointUrl[]): EndpointUrl[] {
  return [...urls].sort((a, b) => (a.text < b.text ? -1 : 1));
}

function textsOf(urls: readonly EndpointUrl[]): string {
  return urls.map((url) => url.text).join(",");
}
