/** Error codes of RST_STREAM and GOAWAY (RFC 9113 7). */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

const NAMES = Object.entries(ErrorCode);

/** The name of a code that a peer sent, which need not be one we know. */
export function errorCodeName(code: number): string {
  return NAMES.find(([, known]) => known === code)?.[0] ?? `error code ${code}`;
}

/**
 * The peer broke the protocol in a way that ends the connection (RFC 9113 5.4.1). Thrown by whatever parses its
 * bytes and caught in one place, where the bytes come in: the peer gets GOAWAY with the code, nobody else notices.
 */
export class ConnectionFault extends Error {
  override readonly name = "ConnectionFault";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
