// Generated from authpb/auth.proto by codegen/generate.mjs: change that and run `pnpm generate`.

import { type MessageCodec, messageCodec } from "../codec/message-codec.ts";
import { EMPTY_BYTES, type Reader } from "../codec/reader.ts";
import { sizeOfInt32, sizeOfLengthDelimited, sizeOfString, type Writer } from "../codec/writer.ts";

export const PermissionType = {
  READ: 0,
  WRITE: 1,
  READWRITE: 2,
} as const;
/** A newer peer may send a value we have no name for: it stays the number it is. */
export type PermissionType = (typeof PermissionType)[keyof typeof PermissionType] | (number & Record<never, never>);

export interface UserAddOptions {
  /** The user can only come by a client certificate. */
  noPassword: boolean;
}

/** What encoding {@link UserAddOptions} accepts. */
export interface UserAddOptionsInit {
  readonly noPassword?: boolean | undefined;
}

export function newUserAddOptions(): UserAddOptions {
  return { noPassword: false };
}

export function createUserAddOptions(init: UserAddOptionsInit): UserAddOptions {
  return {
    noPassword: init.noPassword ?? false,
  };
}

export function sizeUserAddOptions(_writer: Writer, message: UserAddOptionsInit): number {
  let size = 0;
  const noPassword = message.noPassword;
  if (noPassword === true) {
    size += 1 + 1;
  }
  return size;
}

export function writeUserAddOptions(writer: Writer, message: UserAddOptionsInit): void {
  const noPassword = message.noPassword;
  if (noPassword === true) {
    writer.byte(8);
    writer.bool(noPassword);
  }
}

const FIELDS_OF_USER_ADD_OPTIONS: ReadonlySet<number> = new Set([1]);

export function readUserAddOptions(reader: Reader, message: UserAddOptions = newUserAddOptions()): UserAddOptions {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.noPassword = reader.bool();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_USER_ADD_OPTIONS);
    }
  }
  return message;
}

export const UserAddOptions: MessageCodec<UserAddOptions, UserAddOptionsInit> = messageCodec({
  typeName: "authpb.UserAddOptions",
  create: createUserAddOptions,
  size: sizeUserAddOptions,
  write: writeUserAddOptions,
  read: readUserAddOptions,
});

export interface User {
  name: Uint8Array;
  /** bcrypt hash. */
  password: Uint8Array;
  roles: string[];
  options: UserAddOptions | null;
}

/** What encoding {@link User} accepts. */
export interface UserInit {
  readonly name?: Uint8Array | undefined;
  readonly password?: Uint8Array | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly options?: UserAddOptionsInit | null | undefined;
}

export function newUser(): User {
  return { name: EMPTY_BYTES, password: EMPTY_BYTES, roles: [], options: null };
}

export function createUser(init: UserInit): User {
  return {
    name: init.name ?? EMPTY_BYTES,
    password: init.password ?? EMPTY_BYTES,
    roles: init.roles?.slice() ?? [],
    options: init.options == null ? null : createUserAddOptions(init.options),
  };
}

export function sizeUser(writer: Writer, message: UserInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    size += 1 + sizeOfLengthDelimited(name.length);
  }
  const password = message.password;
  if (password !== undefined && password.length > 0) {
    size += 1 + sizeOfLengthDelimited(password.length);
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (const each of roles) {
      size += 1 + sizeOfString(each);
    }
  }
  const options = message.options;
  if (options != null) {
    const slot = writer.openSize();
    size += 1 + writer.closeSize(slot, sizeUserAddOptions(writer, options));
  }
  return size;
}

export function writeUser(writer: Writer, message: UserInit): void {
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(name);
  }
  const password = message.password;
  if (password !== undefined && password.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(password);
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (const each of roles) {
      writer.byte(26);
      writer.string(each);
    }
  }
  const options = message.options;
  if (options != null) {
    writer.byte(34);
    writer.nextSize();
    writeUserAddOptions(writer, options);
  }
}

const FIELDS_OF_USER: ReadonlySet<number> = new Set([1, 2, 3, 4]);

export function readUser(reader: Reader, message: User = newUser()): User {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.bytes();
        break;
      }
      case 18: {
        message.password = reader.bytes();
        break;
      }
      case 26: {
        message.roles.push(reader.string());
        break;
      }
      case 34: {
        const outerEnd = reader.enter();
        message.options = readUserAddOptions(reader, message.options ?? newUserAddOptions());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_USER);
    }
  }
  return message;
}

export const User: MessageCodec<User, UserInit> = messageCodec({
  typeName: "authpb.User",
  create: createUser,
  size: sizeUser,
  write: writeUser,
  read: readUser,
});

export interface Permission {
  permType: PermissionType;
  key: Uint8Array;
  rangeEnd: Uint8Array;
}

/** What encoding {@link Permission} accepts. */
export interface PermissionInit {
  readonly permType?: PermissionType | undefined;
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

export function newPermission(): Permission {
  return { permType: 0, key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES };
}

export function createPermission(init: PermissionInit): Permission {
  return {
    permType: init.permType ?? 0,
    key: init.key ?? EMPTY_BYTES,
    rangeEnd: init.rangeEnd ?? EMPTY_BYTES,
  };
}

export function sizePermission(_writer: Writer, message: PermissionInit): number {
  let size = 0;
  const permType = message.permType;
  if (permType !== undefined && permType !== 0) {
    size += 1 + sizeOfInt32(permType);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    size += 1 + sizeOfLengthDelimited(key.length);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    size += 1 + sizeOfLengthDelimited(rangeEnd.length);
  }
  return size;
}

export function writePermission(writer: Writer, message: PermissionInit): void {
  const permType = message.permType;
  if (permType !== undefined && permType !== 0) {
    writer.byte(8);
    writer.int32(permType);
  }
  const key = message.key;
  if (key !== undefined && key.length > 0) {
    writer.byte(18);
    writer.lengthDelimited(key);
  }
  const rangeEnd = message.rangeEnd;
  if (rangeEnd !== undefined && rangeEnd.length > 0) {
    writer.byte(26);
    writer.lengthDelimited(rangeEnd);
  }
}

const FIELDS_OF_PERMISSION: ReadonlySet<number> = new Set([1, 2, 3]);

export function readPermission(reader: Reader, message: Permission = newPermission()): Permission {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8: {
        message.permType = reader.int32();
        break;
      }
      case 18: {
        message.key = reader.bytes();
        break;
      }
      case 26: {
        message.rangeEnd = reader.bytes();
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_PERMISSION);
    }
  }
  return message;
}

export const Permission: MessageCodec<Permission, PermissionInit> = messageCodec({
  typeName: "authpb.Permission",
  create: createPermission,
  size: sizePermission,
  write: writePermission,
  read: readPermission,
});

export interface Role {
  name: Uint8Array;
  keyPermission: Permission[];
}

/** What encoding {@link Role} accepts. */
export interface RoleInit {
  readonly name?: Uint8Array | undefined;
  readonly keyPermission?: readonly PermissionInit[] | undefined;
}

export function newRole(): Role {
  return { name: EMPTY_BYTES, keyPermission: [] };
}

export function createRole(init: RoleInit): Role {
  return {
    name: init.name ?? EMPTY_BYTES,
    keyPermission: init.keyPermission?.map((each) => (createPermission(each))) ?? [],
  };
}

export function sizeRole(writer: Writer, message: RoleInit): number {
  let size = 0;
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    size += 1 + sizeOfLengthDelimited(name.length);
  }
  const keyPermission = message.keyPermission;
  if (keyPermission !== undefined) {
    for (const each of keyPermission) {
      const slot = writer.openSize();
      size += 1 + writer.closeSize(slot, sizePermission(writer, each));
    }
  }
  return size;
}

export function writeRole(writer: Writer, message: RoleInit): void {
  const name = message.name;
  if (name !== undefined && name.length > 0) {
    writer.byte(10);
    writer.lengthDelimited(name);
  }
  const keyPermission = message.keyPermission;
  if (keyPermission !== undefined) {
    for (const each of keyPermission) {
      writer.byte(18);
      writer.nextSize();
      writePermission(writer, each);
    }
  }
}

const FIELDS_OF_ROLE: ReadonlySet<number> = new Set([1, 2]);

export function readRole(reader: Reader, message: Role = newRole()): Role {
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        message.name = reader.bytes();
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.keyPermission.push(readPermission(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag, FIELDS_OF_ROLE);
    }
  }
  return message;
}

export const Role: MessageCodec<Role, RoleInit> = messageCodec({
  typeName: "authpb.Role",
  create: createRole,
  size: sizeRole,
  write: writeRole,
  read: readRole,
});
