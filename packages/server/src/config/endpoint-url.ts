import { isIP } from "node:net";
import { ConfigError, checkSetting } from "./config-error.ts";

/** Where a member listens or can be reached: a scheme, a host and a port, never a path. */
export interface EndpointUrl {
  readonly scheme: "http" | "https";
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** 0 to 65535; 0 asks the system for a free port and makes sense for listening only. */
  readonly port: number;
  /** As it was written. Member ids are hashed from this text, so it is never normalized. */
  readonly text: string;
}

const pattern = /^([a-z]+):\/\/(\[[0-9a-fA-F:.]+\]|[^/?#@[\]:\s]*):(\d{1,5})(.*)$/;

/**
 * Reads one URL by etcd's rules: http or https, an explicit port, no path.
 * @throws ConfigError naming `setting`
 */
export function parseEndpointUrl(text: string, setting: string): EndpointUrl {
  const scheme = /^([a-z]+):\/\//.exec(text)?.[1];
  checkSetting(
    scheme === "http" || scheme === "https",
    setting,
    `must be URLs with scheme http or https: ${JSON.stringify(text)}`,
  );
  const [, , bracketed = "", portText = "", path = ""] = pattern.exec(text) ?? [];
  const host = bracketed.replace(/^\[|\]$/g, "");
  const port = Number(portText);
  const isHostValid = bracketed.startsWith("[") ? isIP(host) === 6 : host !== "";
  checkSetting(
    isHostValid && portText !== "" && port <= 65_535,
    setting,
    `must have the form ${scheme}://host:port: ${JSON.stringify(text)}`,
  );
  checkSetting(path === "", setting, `must not contain a path: ${JSON.stringify(text)}`);
  return { scheme, host, port, text };
}

/** Whether a text is a URL under which a member can be dialled. */
export function isPeerUrl(text: string): boolean {
  try {
    const { scheme, port } = parseEndpointUrl(text, "peerUrls");
    return scheme === "http" && port !== 0;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** Several URLs, at least one, none twice. @throws ConfigError naming `setting` */
export function parseEndpointUrls(texts: readonly string[], setting: string): EndpointUrl[] {
  checkSetting(texts.length > 0, setting, "must name at least one URL");
  const urls = texts.map((text) => parseEndpointUrl(text, setting));
  for (const [position, url] of urls.entries()) {
    const isRepeated = url.port !== 0 && texts.indexOf(url.text) !== position;
    checkSetting(!isRepeated, setting, `names ${url.text} twice`);
  }
  return urls;
}

/**
 * URLs to listen on. The host must be an IP address or localhost, as in etcd: a name may resolve to
 * an address of somebody else. @throws ConfigError naming `setting`
 */
export function parseListenUrls(texts: readonly string[], setting: string): EndpointUrl[] {
  const urls = parseEndpointUrls(texts, setting);
  for (const url of urls) {
    checkSetting(
      url.host === "localhost" || isIP(url.host) !== 0,
      setting,
      `must listen on an IP address or localhost: ${url.text}`,
    );
  }
  return urls;
}

/**
 * What to advertise for a listening URL if nothing was said: the URL itself, with loopback in place of
 * an address that means "every interface", which nobody can connect to.
 */
export function defaultAdvertisedUrl(listening: EndpointUrl): EndpointUrl {
  const isWildcard = listening.host === "0.0.0.0" || /^[0:]*$/.test(listening.host);
  if (!isWildcard) return listening;
  const host = isIP(listening.host) === 6 ? "::1" : "127.0.0.1";
  const authority = isIP(host) === 6 ? `[${host}]` : host;
  return { ...listening, host, text: `${listening.scheme}://${authority}:${listening.port}` };
}
