import { Auth, PermissionType, type Permission as WirePermission } from "@conclave/wire";
import type { Namespace, Target } from "../kv/keys.ts";
import { type CallOptions, limitsOf } from "../kv/limits.ts";
import type { Transport } from "../transport/transport.ts";

/** Whether the server asks who is there. */
export interface AuthState {
  /** Whether a call needs a user who may do it. */
  readonly isEnabled: boolean;
  /** Grows with every change of users, roles and permissions. */
  readonly revision: number;
}

/** What a role may do with some keys. */
export type PermissionKind = "read" | "write" | "readwrite";

/** A permission of a role, in keys of the store: a client's namespace is not taken off. */
export interface Permission {
  /** What may be done with them. */
  readonly kind: PermissionKind;
  /** The first of the keys. */
  readonly key: Uint8Array;
  /** Keys in `[key, rangeEnd)`; empty: `key` alone; one zero byte: all from `key` on. */
  readonly rangeEnd: Uint8Array;
}

const TYPE_OF_KIND = {
  read: PermissionType.READ,
  write: PermissionType.WRITE,
  readwrite: PermissionType.READWRITE,
} as const;

/**
 * Users, their roles, and what these permit. None of it counts until {@link Users.enableAuth}, for which there must be a user
 * `root` with the role `root`. A server without it answers with UNIMPLEMENTED.
 *
 * The targets of permissions are within the namespace of the client, as those of its keys are.
 *
 * @example
 * ```ts
 * await client.users.addRole("stock-reader");
 * await client.users.grantPermission("stock-reader", "read", { prefix: "stock/" });
 * await client.users.add("warehouse", "correct horse battery");
 * await client.users.grantRole("warehouse", "stock-reader");
 * console.log(await client.users.rolesOf("warehouse")); // [ "stock-reader" ]
 * ```
 */
export class Users {
  readonly #transport: Transport;
  readonly #namespace: Namespace;

  /** @internal */
  constructor(transport: Transport, namespace: Namespace) {
    this.#transport = transport;
    this.#namespace = namespace;
  }

  /**
   * From now on the server asks everyone.
   * @throws ConclaveError FAILED_PRECONDITION without a user and role `root`
   * @example
   * ```ts
   * // Whoever calls this has to sign in as root from then on.
   * async function protect(rootPassword: string) {
   *   await client.users.add("root", rootPassword);
   *   await client.users.addRole("root");
   *   await client.users.grantRole("root", "root");
   *   await client.users.enableAuth();
   * }
   * ```
   */
  async enableAuth(options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Auth.AuthEnable, {}, "idempotent", limitsOf(options));
  }

  /**
   * From now on everyone may do everything.
   * @throws ConclaveError PERMISSION_DENIED to whoever is not root
   * @example
   * ```ts
   * import { connect } from "@conclave/client";
   *
   * async function unprotect(password: string) {
   *   await using root = await connect("http://127.0.0.1:2379", {
   *     auth: { username: "root", password },
   *   });
   *   await root.users.disableAuth();
   * }
   * ```
   */
  async disableAuth(options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Auth.AuthDisable, {}, "idempotent", limitsOf(options));
  }

  /**
   * Whether the server asks. etcd 3.5 and later;
   * @throws ConclaveError UNIMPLEMENTED before
   * @example
   * ```ts
   * import { ConclaveError } from "@conclave/client";
   *
   * try {
   *   const { isEnabled, revision } = await client.users.authState();
   *   console.log(isEnabled ? `asks, by rules of revision ${revision}` : "asks nobody");
   * } catch (error) {
   *   if (!(error instanceof ConclaveError) || error.code !== "UNIMPLEMENTED") throw error;
   * }
   * ```
   */
  async authState(options: CallOptions = {}): Promise<AuthState> {
    const answer = await this.#transport.call(Auth.AuthStatus, {}, "read", limitsOf(options));
    return { isEnabled: answer.enabled, revision: answer.authRevision };
  }

  /**
   * Adds a user; without a password, one that signs in by certificate only.
   * @throws ConclaveError FAILED_PRECONDITION if there is one of that name
   * @example
   * ```ts
   * await client.users.add("lin", "a long password");
   * await client.users.add("backup-job", null); // signs in by its certificate
   * ```
   */
  async add(name: string, password: string | null, options: CallOptions = {}): Promise<void> {
    const request = {
      name,
      password: password ?? "",
      options: { noPassword: password === null },
    };
    await this.#transport.call(Auth.UserAdd, request, "once", limitsOf(options));
  }

  /**
   * Deletes a user.
   * @throws ConclaveError FAILED_PRECONDITION if there is none
   * @example
   * ```ts
   * await client.users.add("intern", "for a summer");
   * await client.users.remove("intern");
   * console.log((await client.users.list()).includes("intern")); // false
   * ```
   */
  async remove(name: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Auth.UserDelete, { name }, "once", limitsOf(options));
  }

  /** The roles of a user. @throws ConclaveError FAILED_PRECONDITION if there is none of that name */
  async rolesOf(name: string, options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#transport.call(Auth.UserGet, { name }, "read", limitsOf(options))).roles;
  }

  /**
   * The names of all users.
   * @throws ConclaveError PERMISSION_DENIED on a server that asks who is there
   */
  async list(options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#transport.call(Auth.UserList, {}, "read", limitsOf(options))).users;
  }

  /**
   * Sets a user's password. Tokens that the user has stay good until they end.
   * @throws ConclaveError FAILED_PRECONDITION if there is no such user
   * @example
   * ```ts
   * await client.users.add("maria", "the first one");
   * await client.users.changePassword("maria", "a better one");
   * ```
   */
  async changePassword(name: string, password: string, options: CallOptions = {}): Promise<void> {
    const request = { name, password };
    await this.#transport.call(Auth.UserChangePassword, request, "idempotent", limitsOf(options));
  }

  /**
   * Gives a user a role.
   * @throws ConclaveError FAILED_PRECONDITION if there is no such user or role
   */
  async grantRole(user: string, role: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Auth.UserGrantRole, { user, role }, "once", limitsOf(options));
  }

  /**
   * Takes a role from a user.
   * @throws ConclaveError FAILED_PRECONDITION if the user does not have it
   * @example
   * ```ts
   * await client.users.addRole("on-call");
   * await client.users.add("noor", null);
   * await client.users.grantRole("noor", "on-call");
   * // … a week later
   * await client.users.revokeRole("noor", "on-call");
   * ```
   */
  async revokeRole(user: string, role: string, options: CallOptions = {}): Promise<void> {
    const request = { name: user, role };
    await this.#transport.call(Auth.UserRevokeRole, request, "once", limitsOf(options));
  }

  /** Adds a role, which may do nothing yet. @throws ConclaveError FAILED_PRECONDITION if there is one of that name */
  async addRole(name: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Auth.RoleAdd, { name }, "once", limitsOf(options));
  }

  /**
   * Deletes a role, also from the users that have it.
   * @throws ConclaveError FAILED_PRECONDITION if there is no such role
   * @example
   * ```ts
   * await client.users.addRole("migration");
   * await client.users.removeRole("migration"); // nobody has it any more
   * console.log((await client.users.listRoles()).includes("migration")); // false
   * ```
   */
  async removeRole(role: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.call(Auth.RoleDelete, { role }, "once", limitsOf(options));
  }

  /**
   * What a role may do.
   * @throws ConclaveError FAILED_PRECONDITION if there is none of that name
   * @example
   * ```ts
   * await client.users.addRole("auditor");
   * await client.users.grantPermission("auditor", "read", { prefix: "orders/" });
   * for (const { kind, key, rangeEnd } of await client.users.permissionsOf("auditor")) {
   *   const [from, to] = [key, rangeEnd].map((bytes) => new TextDecoder().decode(bytes));
   *   console.log(`${kind} [${from}, ${to})`);
   * }
   * ```
   */
  async permissionsOf(role: string, options: CallOptions = {}): Promise<readonly Permission[]> {
    const { perm } = await this.#transport.call(Auth.RoleGet, { role }, "read", limitsOf(options));
    return perm.map(permissionFrom);
  }

  /**
   * The names of all roles.
   * @throws ConclaveError PERMISSION_DENIED on a server that asks who is there
   */
  async listRoles(options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.#transport.call(Auth.RoleList, {}, "read", limitsOf(options))).roles;
  }

  /**
   * Lets a role read or write some keys; for the same target, in place of what it was let before.
   * @throws TypeError for another kind; ConclaveError FAILED_PRECONDITION if there is no such role
   */
  async grantPermission(
    role: string,
    kind: PermissionKind,
    target: Target,
    options: CallOptions = {},
  ): Promise<void> {
    const permType = TYPE_OF_KIND[kind];
    if (permType === undefined) throw new TypeError('kind: "read", "write" or "readwrite"');
    const perm = { permType, ...this.#namespace.rangeOf(target) };
    const request = { name: role, perm };
    await this.#transport.call(Auth.RoleGrantPermission, request, "idempotent", limitsOf(options));
  }

  /**
   * Takes back what was granted for exactly that target.
   * @throws ConclaveError FAILED_PRECONDITION if there is no such role, or nothing was granted for that target
   * @example
   * ```ts
   * await client.users.addRole("checkout");
   * await client.users.grantPermission("checkout", "readwrite", "carts/");
   * await client.users.revokePermission("checkout", "carts/"); // the very target
   * await client.users.grantPermission("checkout", "write", "carts/");
   * ```
   */
  async revokePermission(role: string, target: Target, options: CallOptions = {}): Promise<void> {
    const request = { role, ...this.#namespace.rangeOf(target) };
    await this.#transport.call(Auth.RoleRevokePermission, request, "once", limitsOf(options));
  }
}

function permissionFrom({ permType, key, rangeEnd }: WirePermission): Permission {
  const kinds = Object.keys(TYPE_OF_KIND) as PermissionKind[];
  const kind = kinds.find((each) => TYPE_OF_KIND[each] === permType) ?? "read";
  return { kind, key, rangeEnd };
}
