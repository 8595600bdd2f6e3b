import type { HttpAnswer, HttpQuestion } from "./answer.ts";
import { textAnswer } from "./answer.ts";

/** Alarms by etcd's names. */
export type AlarmName = "NOSPACE" | "CORRUPT";

/** What the health endpoints ask of the member they speak for. */
export interface HealthSource {
  /** Whether this member knows who leads. */
  hasLeader(): boolean;
  isLearner(): boolean;
  /** Alarms raised anywhere in the cluster. */
  activeAlarms(): readonly AlarmName[];
  /** Proves that this member can answer a read that a quorum stands behind. Rejects with the reason. */
  linearizableRead(signal: AbortSignal): Promise<void>;
  /** Proves that this member can read its own store. Rejects with the reason. */
  serializableRead(signal: AbortSignal): Promise<void>;
}

/**
 * `/health`: alarms, then leader, then a read, and the first that fails is the reason. Bodies, codes and
 * reasons as etcd 3.6: 200 `{"health":"true","reason":""}` or 503. `?serializable=true` asks about this
 * member alone; `?exclude=NOSPACE` (repeatable) overlooks an alarm.
 */
export async function answerHealth(
  source: HealthSource,
  question: HttpQuestion,
): Promise<HttpAnswer> {
  const isSerializable = question.query.get("serializable") === "true";
  const reason = await failureReason(source, question, isSerializable);
  if (reason === null)
    return { status: 200, contentType: "text/plain; charset=utf-8", body: healthBody("") };
  return textAnswer(503, `${healthBody(reason)}\n`);
}

async function failureReason(
  source: HealthSource,
  { query, signal }: HttpQuestion,
  isSerializable: boolean,
): Promise<string | null> {
  const excluded = query.getAll("exclude");
  const alarm = source.activeAlarms().find((name) => !excluded.includes(name));
  if (alarm !== undefined) return `ALARM ${alarm}`;
  if (!isSerializable && !source.hasLeader()) return "RAFT NO LEADER";
  try {
    const read = isSerializable ? source.serializableRead(signal) : source.linearizableRead(signal);
    await withinTime(read, signal);
    return null;
  } catch (error) {
    return `RANGE ERROR:${messageOf(error)}`;
  }
}

function healthBody(reason: string): string {
  return JSON.stringify({ health: reason === "" ? "true" : "false", reason });
}

/** One named check: resolves, or rejects with what is wrong. */
type Check = (source: HealthSource, signal: AbortSignal) => Promise<void>;

/** Checks in the order in which a verbose answer lists them. */
const checks: Readonly<Record<string, Check>> = {
  data_corruption: async (source) => {
    if (source.activeAlarms().includes("CORRUPT")) throw new Error("alarm activated: CORRUPT");
  },
  serializable_read: (source, signal) => source.serializableRead(signal),
  linearizable_read: (source, signal) => source.linearizableRead(signal),
  non_learner: async (source) => {
    if (source.isLearner()) throw new Error("not supported for learner");
  },
};

/**
 * Which checks stand behind a probe. `/livez`: restarting this process might help; it must not hang on
 * the other members. `/readyz`: send traffic here. NOSPACE fails neither, since reads still work.
 */
const probes: Readonly<Record<string, readonly string[]>> = {
  "/livez": ["serializable_read"],
  "/readyz": ["data_corruption", "serializable_read", "linearizable_read", "non_learner"],
};

/** Paths of the probes and of their single checks, such as `/readyz/linearizable_read`. */
export const probePaths: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(probes).flatMap(([path, names]) => [
    [path, names] as const,
    ...names.map((name) => [`${path}/${name}`, [name]] as const),
  ]),
);

/**
 * Runs the checks of a probe. 200 `ok`, with one `[+]name ok` line for each check if `?verbose`; 503 with
 * the lines of all if one failed. `?exclude=name` (repeatable) leaves a check out; a name that does not
 * exist is no error, so that one probe fits servers of several versions.
 */
export async function answerProbe(
  source: HealthSource,
  names: readonly string[],
  { query, signal }: HttpQuestion,
): Promise<HttpAnswer> {
  const excluded = query.getAll("exclude");
  let lines = "";
  let hasFailed = false;
  for (const name of names.filter((each) => !excluded.includes(each))) {
    try {
      await withinTime(checks[name]!(source, signal), signal);
      lines += `[+]${name} ok\n`;
    } catch (error) {
      lines += `[-]${name} failed: ${messageOf(error)}\n`;
      hasFailed = true;
    }
  }
  if (hasFailed) return textAnswer(503, `${lines}\n`);
  return textAnswer(200, query.has("verbose") ? `${lines}ok\n` : "ok\n");
}

/** etcd's words, which are Go's. */
const DEADLINE = "context deadline exceeded";

/** Waits no longer than the client does: a probe that hangs tells less than one that fails. */
async function withinTime(check: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw new Error(DEADLINE);
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Error(DEADLINE));
    signal.addEventListener("abort", onAbort);
  });
  try {
    await Promise.race([check, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
