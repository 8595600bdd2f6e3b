/**
 * A member in parts, for whoever gives it time, chance, disk and network of their own: `@conclave/testing`. No semver.
 */
export { registerServices } from "./api/services.ts";
export { resolveServerConfig, type ServerConfig } from "./config.ts";
export { MemberNode } from "./node/member-node.ts";
export type { MembershipRequest } from "./node/membership-request.ts";
export { NeverWelcomed, WELCOME_WAIT_MS } from "./node/newcomer.ts";
export { MemberRemoved } from "./node/removal.ts";
export { type Logger, silentLogger } from "./observe/logger.ts";
export { PeerHeader, PeerPath, parseId } from "./peer/peer-protocol.ts";
export type { PeerCaller } from "./peer/peer-transport.ts";
export { tellingRefusals } from "./peer/refusal-dial.ts";
export { acquaintanceFile } from "./storage/acquaintance-file.ts";
export { recordBoot } from "./storage/boot-record.ts";
export { DataDirectoryError } from "./storage/data-directory-error.ts";
export type { Disk, DiskFile } from "./storage/disk.ts";
export { type CrashMode, DiskImage, type DiskOperation } from "./storage/disk-image.ts";
export type { DurableStateStore, StateSnapshot } from "./storage/durable-state-store.ts";
export { MemberStorage, type StoragePlace } from "./storage/member-storage.ts";
export { MemoryDisk, systemError } from "./storage/memory-disk.ts";
export { openLog, type RecoveredMember } from "./storage/open-log.ts";
export { StorageFailure, WalCorruption } from "./storage/storage-error.ts";
export type { StorageOptions } from "./storage/storage-options.ts";
export {
  decodeGroupHeader,
  decodeSegmentHeader,
  GROUP_HEADER_BYTES,
  groupStride,
  SEGMENT_HEADER_BYTES,
} from "./storage/wal-header.ts";
export { DAMAGED_SUFFIX } from "./storage/wal-segments.ts";
