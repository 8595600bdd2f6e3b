/** What a row runs in the process that is measured. */
export interface Load extends AsyncDisposable {
  /** One unit of work of one task, repeated while the time lasts. @returns how many operations it was */
  operate(task: number): Promise<number>;
}

/** One workload, in the words of each library that can do it. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** How many tasks of the one process work at once. */
  readonly tasks: number;
  /** Opens a connection to `address` for this load; by the library's name. */
  readonly libraries: Readonly<Record<string, (address: string) => Promise<Load>>>;
}

/** A library on a server. */
export interface Contestant {
  readonly title: string;
  readonly library: string;
  readonly server: string;
}

/** A running server, and whose CPU is its. */
export interface BenchServer extends AsyncDisposable {
  readonly address: string;
  readonly pid: number;
}

/** The rows of the SDK, with the contestants that they are measured with. */
export interface Plan {
  readonly title: string;
  /** What a reader must know to read the figures; Markdown. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  readonly contestants: readonly Contestant[];
  /** Starts one server of each name that the contestants use. Null: not installed here. */
  readonly servers: Readonly<Record<string, () => Promise<BenchServer | null>>>;
  readonly versions: () => Readonly<Record<string, string>>;
}

/** What one run of one contestant came to. CPU in µs of all threads of a process, for each operation. */
export interface Measurement {
  readonly operationsPerSecond: number;
  /** Median time of a unit of work, ms. */
  readonly medianMs: number;
  readonly clientCpuMicros: number;
  readonly serverCpuMicros: number;
}
