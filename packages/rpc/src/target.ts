/** Where an endpoint is, as `node:net` wants to know it. */
export interface Target {
  /** As the caller wrote it: its name in errors, pins and statuses. */
  readonly endpoint: string;
  readonly address:
    | { readonly kind: "tcp"; readonly host: string; readonly port: number }
    | { readonly kind: "unix"; readonly path: string };
  /** Whether the scheme asks for TLS (`https`, `unixs`); null if it leaves the question to the channel's options. */
  readonly tls: boolean | null;
  /** Value of `:authority`. */
  readonly authority: string;
}

const SCHEME_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * Understands `host:port`, `[v6]:port`, `http://host:port`, `https://host:port`, `dns:///host:port`, `unix:path` and
 * `unixs:path`. Throws TypeError for anything else.
 */
export function parseTarget(endpoint: string): Target {
  const unix = /^unix(s?):(?:\/\/)?(.+)$/.exec(endpoint);
  if (unix !== null) {
    const address = { kind: "unix", path: unix[2]! } as const;
    return { endpoint, address, tls: unix[1] === "s" ? true : null, authority: "localhost" };
  }
  const plain = endpoint.replace(/^dns:\/{0,3}/, "");
  const hasScheme = /^https?:\/\//.test(plain);
  let url: URL;
  try {
    url = new URL(hasScheme ? plain : `tcp://${plain}`);
  } catch (cause) {
    throw new TypeError(`not an endpoint: ${endpoint}`, { cause });
  }
  const port = url.port === "" ? SCHEME_PORTS[url.protocol] : Number(url.port);
  const extra = url.pathname.replace(/^\/$/, "") + url.search + url.hash + url.username;
  if (url.hostname === "" || port === undefined || extra !== "") {
    throw new TypeError(`not an endpoint: ${endpoint}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    endpoint,
    address: { kind: "tcp", host, port },
    tls: hasScheme ? url.protocol === "https:" : null,
    authority: `${url.hostname}:${port}`,
  };
}
