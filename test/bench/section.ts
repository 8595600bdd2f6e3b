/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** Of one run of one contestant. */
  readonly durationMs: number;
  /** Of the same work, before each run: a runtime compiles what is hot, and what runs for months is not measured by that. */
  readonly warmUpMs: number;
  /** Whether it is only tried that everything works, with as little as shows it. */
  readonly isQuick: boolean;
}

/** What somebody asked for. */
export interface Order {
  /** Names of the rows; in the section's order. */
  readonly rows: readonly string[];
  readonly effort: Effort;
  /** What to say of the machine, such as "shared with other work". Empty: nothing. */
  readonly remark: string;
  readonly progress: (line: string) => void;
}

/** A section's part of docs/benchmarks.md. */
export interface SectionReport {
  readonly markdown: string;
  /** Drawings that the text shows, by file name in docs/benchmarks/. */
  readonly drawings: ReadonlyMap<string, string>;
}

/** Rows that are measured with the same contestants, in one part of docs/benchmarks.md. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly title: string }[];
  run(order: Order): Promise<SectionReport>;
}
