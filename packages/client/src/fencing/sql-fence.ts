import { type FenceToken, fenceRevision, StaleFenceError } from "./fence-token.ts";

/** `$1` for postgres, `?` for mysql and sqlite; names are quoted as each wants it. */
export type SqlDialect = "postgres" | "mysql" | "sqlite";

/** Which column of which table remembers the greatest fence of a row. */
export interface SqlFenceColumn {
  /** How the database writes names and placeholders. */
  readonly dialect: SqlDialect;
  /** Its name, as it is; it will be quoted. */
  readonly table: string;
  /** A nullable BIGINT (INTEGER in sqlite); null before the first fenced write. Default `"fence"`. */
  readonly column?: string;
}

/** A piece of SQL with the values of its placeholders, in order. */
export interface SqlFragment {
  /** With placeholders. */
  readonly text: string;
  /** One for each placeholder. */
  readonly values: readonly unknown[];
}

/**
 * The parts of a statement that refuses former holders. Made by {@link sqlFence}.
 *
 * @example
 * ```ts
 * import { sqlFence } from "@conclave/client/fencing";
 *
 * await client.locks.request("order/42", async (lock) => {
 *   const fenced = sqlFence(
 *     { dialect: "postgres", table: "orders", column: "last_fence" },
 *     lock.fence,
 *   );
 *   const set = fenced.assignment(1);
 *   const where = fenced.condition(2);
 *   const text = `UPDATE orders SET price = price * 2, ${set.text} WHERE id = 42 AND ${where.text}`;
 *   console.log(text, [...set.values, ...where.values]);
 * });
 * ```
 */
export interface SqlFence {
  /**
   * `column = ?`, for the SET of a statement of one's own.
   * @param firstPlaceholder number of the placeholder, for postgres. Default 1
   */
  assignment(firstPlaceholder?: number): SqlFragment;
  /** `(column IS NULL OR column <= ?)`, for its WHERE. Both belong in one statement: that is what makes it atomic. */
  condition(firstPlaceholder?: number): SqlFragment;
  /** A whole UPDATE of the rows whose columns equal `where`. */
  update(change: {
    readonly set: Readonly<Record<string, unknown>>;
    readonly where: Readonly<Record<string, unknown>>;
  }): SqlFragment;
  /**
   * To be called with the number of rows that the statement matched.
   * @throws StaleFenceError for 0: a greater fence was there, or there is no such row
   */
  assertApplied(rowCount: number): void;
}

/**
 * Lets a database row refuse former holders: the write carries the fence, and takes effect only if no greater one has written
 * before.
 *
 * With mysql, count matched rows (mysql2 does so by itself): counted by changed rows, a write repeated with the same values
 * would look refused.
 *
 * @throws RangeError for what is no fence
 * @example
 * ```ts
 * import { sqlFence } from "@conclave/client/fencing";
 *
 * // Stands for a pool of pg, whose queries answer with the number of rows.
 * const pool = { query: async (text: string, values: unknown[]) => ({ rowCount: 1 }) };
 * await client.locks.request("order/42", async (lock) => {
 *   const fenced = sqlFence({ dialect: "postgres", table: "orders" }, lock.fence);
 *   const { text, values } = fenced.update({ set: { state: "paid" }, where: { id: 42 } });
 *   fenced.assertApplied((await pool.query(text, [...values])).rowCount); // throws StaleFenceError
 * });
 * ```
 */
export function sqlFence(target: SqlFenceColumn, token: FenceToken): SqlFence {
  const { dialect, table, column = "fence" } = target;
  const fence = fenceRevision(token);
  const name = (identifier: string) => quoted(dialect, identifier);
  const placeholder = (number: number) => (dialect === "postgres" ? `$${number}` : "?");
  const assignment = (first = 1) => ({
    text: `${name(column)} = ${placeholder(first)}`,
    values: [fence],
  });
  const condition = (first = 1) => ({
    text: `(${name(column)} IS NULL OR ${name(column)} <= ${placeholder(first)})`,
    values: [fence],
  });
  return {
    assignment,
    condition,
    update({ set, where }) {
      const values: unknown[] = [];
      const equal = ([key, value]: [string, unknown]) => {
        values.push(value);
        return `${name(key)} = ${placeholder(values.length)}`;
      };
      const assignments = [...Object.entries(set), [column, fence] as [string, unknown]].map(equal);
      const conditions = Object.entries(where).map(equal);
      if (conditions.length === 0) throw new RangeError("where: at least one column");
      const guard = condition(values.length + 1);
      const text = `UPDATE ${name(table)} SET ${assignments.join(", ")} WHERE ${[...conditions, guard.text].join(" AND ")}`;
      return { text, values: [...values, ...guard.values] };
    },
    assertApplied(rowCount) {
      if (rowCount === 0) throw new StaleFenceError(table, fence, null);
    },
  };
}

/** @throws RangeError for an identifier that no database takes */
function quoted(dialect: SqlDialect, identifier: string): string {
  if (identifier === "" || identifier.includes("\0")) throw new RangeError("not an SQL name");
  const mark = dialect === "mysql" ? "`" : '"';
  return mark + identifier.replaceAll(mark, mark + mark) + mark;
}
