/** Public symbols that no example runs, each with the reason. Their examples are still held against the types. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "Admin.addMember": "a member would stay that never starts",
  "Admin.removeMember": "there is no other member to remove",
  "Admin.promoteMember": "there is no learner",
  "Admin.moveLeader": "there is no other member to lead",
  "Admin.downgrade": "etcd has it from 3.6 on",
  "Users.enableAuth": "the server would refuse the examples that follow",
  "Users.disableAuth": "only root may, on a server that asks",
  "ConnectOptions.tls": "the servers of the examples have no certificates",
};

/** Members that programs do not name, for the language calls them. */
export const CALLED_BY_THE_LANGUAGE: readonly string[] = [
  "Fence.toJSON",
  "Fence.toString",
  "Fence.valueOf",
];

/** What our own server does not serve yet: there, examples of it are refused. */
export const UNSERVED_BY_CONCLAVE: readonly string[] = [
  "Admin.saveSnapshot",
  "Admin.snapshot",
  "Users",
  "Users.add",
  "Users.changePassword",
  "Users.permissionsOf",
  "Users.remove",
  "Users.removeRole",
  "Users.revokePermission",
  "Users.revokeRole",
];
