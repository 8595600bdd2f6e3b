import { ConnectionFault, ErrorCode } from "./error-code.ts";
import type { Outflow } from "./flow.ts";
import {
  FRAME_BYTES_DEFAULT,
  FRAME_BYTES_LIMIT,
  readUint32,
  Setting,
  WINDOW_BYTES_MAX,
} from "./frame.ts";
import type { HpackEncoder } from "./hpack-encoder.ts";
import type { Stream } from "./stream.ts";

/** The end that settings of the peer apply to. */
export interface SettingsTarget {
  readonly encoder: HpackEncoder;
  readonly outflow: Outflow;
  /** The peer's SETTINGS_MAX_CONCURRENT_STREAMS. */
  peerStreamsMax: number;
}

/** Applies the pairs of a SETTINGS frame in order (RFC 9113 6.5.3). Unknown identifiers are ignored. */
export function applySettings(
  target: SettingsTarget,
  streams: Iterable<Stream>,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  for (let at = start; at < end; at += 6) {
    const identifier = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = readUint32(bytes, at + 2);
    switch (identifier) {
      case Setting.HEADER_TABLE_SIZE:
        target.encoder.setTableBytesMax(value);
        break;
      case Setting.ENABLE_PUSH:
        if (value > 1) throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH above 1");
        break;
      case Setting.MAX_CONCURRENT_STREAMS:
        target.peerStreamsMax = value;
        break;
      case Setting.INITIAL_WINDOW_SIZE:
        applyInitialWindow(target.outflow, streams, value);
        break;
      case Setting.MAX_FRAME_SIZE:
        // We stay with frames of the default size: they keep streams taking turns.
        if (value < FRAME_BYTES_DEFAULT || value > FRAME_BYTES_LIMIT) {
          throw new ConnectionFault(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE out of bounds");
        }
        break;
      default:
    }
  }
}

/** The change of the initial window moves the window of every open stream, below zero if need be (RFC 9113 6.9.2). */
function applyInitialWindow(outflow: Outflow, streams: Iterable<Stream>, value: number): void {
  if (value > WINDOW_BYTES_MAX) {
    throw new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE above 2^31-1");
  }
  const change = value - outflow.initialStreamWindow;
  outflow.initialStreamWindow = value;
  if (change === 0) return;
  for (const stream of streams) {
    if (!outflow.widenStream(stream, change)) {
      throw new ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "stream window above 2^31-1");
    }
  }
}
