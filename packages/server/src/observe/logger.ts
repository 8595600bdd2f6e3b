/** Severities as etcd's `--log-level` names them, mildest first. */
export const logLevels = ["debug", "info", "warn", "error", "panic", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

/** "console" is text for people, "json" one object a line: etcd's `--log-format`. */
export const logFormats = ["console", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

export function isLogLevel(text: string): text is LogLevel {
  return (logLevels as readonly string[]).includes(text);
}

export function isLogFormat(text: string): text is LogFormat {
  return (logFormats as readonly string[]).includes(text);
}

/**
 * What may stand beside a message. Ids are bigint and come out in hexadecimal, as etcd's tools print
 * them. Keys and values of users never go into a log: they may be secrets.
 */
export type LogFieldValue = string | number | bigint | boolean | null | Error | readonly string[];
export type LogFields = Readonly<Record<string, LogFieldValue | undefined>>;

/** Tells operators what happened. A message is a constant; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The last words before the process ends; ending it is the caller's business. */
  fatal(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
  /** Whether lines of a level are written, for callers whose fields are costly to make. */
  isEnabled(level: LogLevel): boolean;
}

export interface LoggerOptions {
  /** Milder lines are dropped. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one line with its newline. It must not throw: a full disk is no reason to stop serving. */
  readonly write: (line: string) => void;
  /** The wall clock, for people to read only. */
  readonly now: () => Date;
}

/** A string field longer than this is cut: one line must not fill a disk. Characters. */
export const LOG_FIELD_LENGTH_MAX = 4096;

export function createLogger(options: LoggerOptions): Logger {
  return new StructuredLogger(options, {});
}

/** A logger for those who do not want to hear. */
export const silentLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  with: () => silentLogger,
  isEnabled: () => false,
};

function ignore(): void {}

class StructuredLogger implements Logger {
  readonly #options: LoggerOptions;
  readonly #fields: LogFields;
  readonly #rankMin: number;

  constructor(options: LoggerOptions, fields: LogFields) {
    this.#options = options;
    this.#fields = fields;
    this.#rankMin = logLevels.indexOf(options.level);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  fatal(message: string, fields?: LogFields): void {
    this.#log("fatal", message, fields);
  }

  with(fields: LogFields): Logger {
    return new StructuredLogger(this.#options, { ...this.#fields, ...fields });
  }

  isEnabled(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= this.#rankMin;
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (!this.isEnabled(level)) return;
    const time = this.#options.now().toISOString();
    const all = { ...this.#fields, ...fields };
    const line =
      this.#options.format === "json"
        ? jsonLine(level, time, message, all)
        : textLine(level, time, message, all);
    this.#options.write(`${line}\n`);
  }
}

/** The keys of etcd's own JSON log: level, ts, msg, then the fields. */
function jsonLine(level: LogLevel, time: string, message: string, fields: LogFields): string {
  const record: Record<string, unknown> = { level, ts: time, msg: cut(message) };
  for (const [name, value] of Object.entries(fields)) {
    // A field may not pass itself off as the line's level or time.
    if (value !== undefined) record[name in record ? `field.${name}` : name] = jsonValue(value);
  }
  return escapeControls(JSON.stringify(record));
}

function jsonValue(value: LogFieldValue): unknown {
  if (typeof value === "bigint") return value.toString(16);
  if (typeof value === "string") return cut(value);
  if (value instanceof Error) return cut(errorText(value));
  if (Array.isArray(value)) return value.map(cut);
  return value;
}

/** `03:04:05.678 warn  message  name=value`: the date is left to `--log-format json`. */
function textLine(level: LogLevel, time: string, message: string, fields: LogFields): string {
  const clock = time.slice(11, 23);
  let line = `${clock} ${level.padEnd(5)} ${cut(message)}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += `  ${name}=${textValue(value)}`;
  }
  return escapeControls(line);
}

function textValue(value: LogFieldValue): string {
  if (typeof value === "bigint") return value.toString(16);
  if (value instanceof Error) return quoteIfNeeded(errorText(value));
  if (Array.isArray(value)) return value.map(quoteIfNeeded).join(",");
  return quoteIfNeeded(String(value));
}

function quoteIfNeeded(text: string): string {
  return /^[^\s"=]+$/.test(text) ? cut(text) : JSON.stringify(cut(text));
}

/** An error with the chain of its causes; the stack only for a bug, where nothing else tells. */
function errorText(error: Error): string {
  const isBug = error.name === "InvariantViolation" || error.name === "TypeError";
  const own = isBug && error.stack !== undefined ? error.stack : `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (caused by ${errorText(error.cause)})` : own;
}

function cut(text: string): string {
  if (text.length <= LOG_FIELD_LENGTH_MAX) return text;
  return `${text.slice(0, LOG_FIELD_LENGTH_MAX)}… (${text.length} characters)`;
}

/**
 * Peers and clients choose some of what is logged (names, paths, error texts). Control characters and
 * bidirectional overrides could forge lines or drive a terminal, so they come out as \uXXXX.
 */
function escapeControls(line: string): string {
  return line.replace(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
