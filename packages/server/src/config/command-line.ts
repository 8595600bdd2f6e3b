import { ConfigError } from "./config-error.ts";
import { type Flag, flags, flagsByName } from "./flags.ts";
import { EXPERIMENTAL_PREFIX, foreignFlags } from "./foreign-flags.ts";
import { nearestOf } from "./nearest.ts";
import type { ServerOptions } from "./options.ts";

/** What flags and environment ask for. */
export interface CommandLine {
  readonly options: ServerOptions;
  /** Things asked for that are not done, but do no harm. One line each. */
  readonly warnings: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting as it was spelled, by a flag or a variable. */
interface Assignment {
  /** Flag name without dashes. */
  readonly name: string;
  readonly value: string;
  /** For messages: `--data-dir` or `ETCD_DATA_DIR`. */
  readonly label: string;
}

/**
 * Reads etcd's flags (`--flag value`, `--flag=value`, also with one dash) and its `ETCD_*` variables,
 * which flags override. Values are parsed here; that they fit together is for `resolveServerConfig`.
 * @throws ConfigError whose setting is the flag or variable as it was spelled
 */
export function parseCommandLine(args: readonly string[], environment: Environment): CommandLine {
  const warnings: string[] = [];
  const given = flagAssignments(args);
  const names = new Set(given.map(({ name }) => name));
  const inherited = environmentAssignments(environment, warnings);
  const assignments = [...inherited.filter(({ name }) => !names.has(name)), ...given];
  let options: ServerOptions = {};
  for (const assignment of assignments) {
    options = { ...options, ...readAssignment(assignment, warnings) };
  }
  checkAdvertised(options, assignments);
  return { options, warnings };
}

/** The flag that fills a setting, for errors about settings that came from the command line. */
export function flagForSetting(setting: string): string {
  const found = flags.find((flag) => flag.setting === setting);
  return found === undefined ? setting : `--${found.name}`;
}

function flagAssignments(args: readonly string[]): Assignment[] {
  const assignments: Assignment[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, name, , inline] = /^--?([^-=][^=]*)(=([\s\S]*))?$/.exec(arg) ?? [];
    if (name === undefined) {
      throw new ConfigError(
        JSON.stringify(arg),
        "is not a flag; flags start with -- and take --flag=value",
      );
    }
    const label = `--${name}`;
    assignments.push({ name, label, value: inline ?? valueAfter(name, label, rest) });
  }
  return assignments;
}

/** The value of a flag written without `=`: "true" for a switch, the next argument otherwise. */
function valueAfter(name: string, label: string, rest: string[]): string {
  if (takesNoArgument(name, rest[0])) return "true";
  const value = rest.shift();
  if (value === undefined) throw new ConfigError(label, "needs a value");
  return value;
}

function takesNoArgument(name: string, next: string | undefined): boolean {
  const known = flagsByName.get(name) ?? foreignFlags.get(name);
  if (known !== undefined) return known.isSwitch;
  if (!name.startsWith(EXPERIMENTAL_PREFIX)) throw unknownFlag(name);
  const settled = flagsByName.get(name.slice(EXPERIMENTAL_PREFIX.length));
  // Nobody knows all that etcd ever tried out; a value does not start with a dash.
  return settled?.isSwitch ?? (next === undefined || next.startsWith("-"));
}

function environmentAssignments(environment: Environment, warnings: string[]): Assignment[] {
  const assignments: Assignment[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith("ETCD_") || value === undefined || value === "") continue;
    const name = variable.slice("ETCD_".length).toLowerCase().replaceAll("_", "-");
    // Kubernetes sets such variables for a service named etcd: ETCD_SERVICE_HOST, ETCD_PORT, …
    const isKnown =
      flagsByName.has(name) || foreignFlags.has(name) || name.startsWith(EXPERIMENTAL_PREFIX);
    if (isKnown) assignments.push({ name, value, label: variable });
    else warnings.push(`${variable} is no setting; ignored`);
  }
  return assignments;
}

function readAssignment({ name, value, label }: Assignment, warnings: string[]): ServerOptions {
  const flag = flagsByName.get(name);
  if (flag !== undefined) return readFlag(flag, value, label);
  const foreign = foreignFlags.get(name);
  if (foreign !== undefined) {
    const { inertValues } = foreign;
    if (inertValues === "any") warnings.push(`${label} means nothing here; ignored`);
    else if (!inertValues.includes(value)) throw new ConfigError(label, "is not supported yet");
    return {};
  }
  if (!name.startsWith(EXPERIMENTAL_PREFIX)) throw unknownFlag(name);
  const settled = flagsByName.get(name.slice(EXPERIMENTAL_PREFIX.length));
  if (settled !== undefined) {
    warnings.push(`${label} is called --${settled.name} now`);
    return readFlag(settled, value, label);
  }
  warnings.push(`${label} is not supported; ignored`);
  return {};
}

function readFlag(flag: Flag, value: string, label: string): ServerOptions {
  try {
    return flag.read(value);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(label, error.problem);
    throw error;
  }
}

/**
 * etcd refuses to guess here: someone who listens elsewhere than on loopback most likely has clients
 * elsewhere, to whom the default URL would mean their own machine.
 */
function checkAdvertised(options: ServerOptions, assignments: readonly Assignment[]): void {
  if (options.listenClientUrls === undefined || options.advertiseClientUrls !== undefined) return;
  const listening = assignments.find(({ name }) => name === "listen-client-urls");
  throw new ConfigError(
    "--advertise-client-urls",
    `is required when ${listening?.label ?? "--listen-client-urls"} is set`,
  );
}

function unknownFlag(name: string): ConfigError {
  const nearest = nearestOf(name, [...flagsByName.keys(), "help", "version"]);
  const hint = nearest === undefined ? "see conclave help" : `did you mean --${nearest}?`;
  return new ConfigError(`--${name}`, `is not a flag; ${hint}`);
}
