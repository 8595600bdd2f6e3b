/** What a handler is told about a request. There is no body: all endpoints here are read with GET. */
export interface HttpQuestion {
  readonly query: URLSearchParams;
  /** Aborts when the client is gone or has waited long enough. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Plain text that no browser may take for anything else. */
export function textAnswer(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    contentType: "text/plain; charset=utf-8",
    body,
    headers: { "X-Content-Type-Options": "nosniff", ...headers },
  };
}
