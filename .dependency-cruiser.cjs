/** The floors of docs/architecture.md: an import may only go down, and never in a circle. */
const floors = {
  base: [],
  wire: ["base"],
  raft: ["base"],
  rpc: ["base"],
  "state-machine": ["base", "wire"],
  server: ["base", "wire", "raft", "rpc", "state-machine"],
  client: ["base", "wire", "rpc"],
  testing: ["base", "wire", "raft", "rpc", "state-machine", "server", "client"],
};

const onlyDown = Object.entries(floors).map(([name, below]) => ({
  name: `floor-${name}`,
  comment: `packages/${name} may import only ${below.join(", ") || "nothing"}`,
  severity: "error",
  from: { path: `^packages/${name}/src`, pathNot: "\\.test\\.ts$" },
  to: { path: `^packages/(?!(${[name, ...below].join("|")})/)` },
}));

/** A floor that runs to completion has no clock, no disk and no socket to reach for. */
const pure = ["base", "raft", "state-machine", "wire"].map((name) => ({
  name: `pure-${name}`,
  severity: "error",
  from: {
    path: `^packages/${name}/src`,
    pathNot: "(\\.test\\.ts|base/src/system-clock\\.ts)$",
  },
  to: { dependencyTypes: ["core"] },
}));

module.exports = {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "rpc-knows-only-sockets",
      severity: "error",
      from: { path: "^packages/rpc/src", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(net|tls)$" },
    },
    { name: "not-resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...onlyDown,
    ...pure,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["conclave-source", "import", "require", "node", "default"],
    },
  },
};
