/**
 * A setting that cannot be right. Thrown before anything is listened on, read or written.
 * `setting` names the option as `ServerOptions` spells it; the command line shows its flag instead.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly setting: string;
  readonly problem: string;

  constructor(setting: string, problem: string) {
    super(`${setting} ${problem}`);
    this.setting = setting;
    this.problem = problem;
  }
}

/** Throws {@link ConfigError} unless `condition` holds; `problem` reads on after the setting's name. */
export function checkSetting(
  condition: boolean,
  setting: string,
  problem: string,
): asserts condition {
  if (!condition) throw new ConfigError(setting, problem);
}
