import { assert } from "@conclave/base";

/**
 * Numbers for operators, in Prometheus' text format. Incrementing is an addition to a field and never
 * allocates: look a labelled child up once, keep it, and count on it.
 */

/** Only goes up. */
export class Counter {
  value = 0;

  increment(by = 1): void {
    this.value += by;
  }
}

/** Goes up and down. */
export class Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(by: number): void {
    this.value += by;
  }
}

/** Counts observations in buckets with fixed upper bounds, inclusive, ascending. */
export class Histogram {
  readonly upperBounds: Float64Array;
  /** One more than bounds: the last counts what is above all of them. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(upperBounds: readonly number[]) {
    for (let position = 1; position < upperBounds.length; position += 1) {
      const isAscending = upperBounds[position - 1]! < upperBounds[position]!;
      assert(isAscending, "histogram bounds ascend");
    }
    this.upperBounds = Float64Array.from(upperBounds);
    this.counts = new Float64Array(upperBounds.length + 1);
  }

  observe(value: number): void {
    // Bounds are few (etcd uses 14) and small values the rule: a scan from below ends soonest.
    let bucket = 0;
    while (bucket < this.upperBounds.length && value > this.upperBounds[bucket]!) bucket += 1;
    this.counts[bucket]! += 1;
    this.sum += value;
  }
}

/** `count` bounds: `start`, then each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, power) => start * factor ** power);
}

type MetricType = "counter" | "gauge" | "histogram";
type Labels = Readonly<Record<string, string>>;

/** Different label values under one name; more mean that a caller puts unbounded things into labels. */
export const METRIC_CHILDREN_MAX = 1000;

/** All children of one metric name, by their label values. */
export class MetricFamily<M extends Counter | Gauge | Histogram> {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labelNames: readonly string[];
  readonly #create: () => M;
  readonly #children = new Map<string, M>();

  constructor(
    description: MetricDescription,
    type: MetricType,
    labelNames: readonly string[],
    create: () => M,
  ) {
    this.name = description.name;
    this.help = description.help;
    this.type = type;
    this.labelNames = labelNames;
    this.#create = create;
  }

  /** The child with these label values, made at zero if it is new. Label names are the family's. */
  child(labels: Labels): M {
    const key = this.#labelText(labels);
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    assert(this.#children.size < METRIC_CHILDREN_MAX, `${this.name} has too many label values`);
    const created = this.#create();
    this.#children.set(key, created);
    return created;
  }

  /** @internal For rendering: label text such as `type="A"`, and the metric. */
  children(): Iterable<[string, M]> {
    return this.#children;
  }

  #labelText(labels: Labels): string {
    assert(Object.keys(labels).length === this.labelNames.length, `${this.name}: wrong labels`);
    return this.labelNames
      .map((name) => {
        const value = labels[name];
        assert(value !== undefined, `${this.name}: label ${name} is missing`);
        return `${name}="${escapeLabelValue(value)}"`;
      })
      .join(",");
  }
}

export interface MetricDescription {
  /** As Prometheus wants it: letters, digits and underscores, ending in a unit or `_total`. */
  readonly name: string;
  readonly help: string;
}

/** All metrics of one server; two servers in one process have one each. */
export class MetricsRegistry {
  readonly #families = new Map<string, MetricFamily<Counter | Gauge | Histogram>>();
  readonly #collectors: (() => void)[] = [];

  counter(description: MetricDescription): Counter {
    return this.counterFamily(description, []).child({});
  }

  counterFamily(
    description: MetricDescription,
    labelNames: readonly string[],
  ): MetricFamily<Counter> {
    return this.#register(
      new MetricFamily(description, "counter", labelNames, () => new Counter()),
    );
  }

  gauge(description: MetricDescription): Gauge {
    return this.gaugeFamily(description, []).child({});
  }

  gaugeFamily(description: MetricDescription, labelNames: readonly string[]): MetricFamily<Gauge> {
    return this.#register(new MetricFamily(description, "gauge", labelNames, () => new Gauge()));
  }

  histogram(description: MetricDescription, upperBounds: readonly number[]): Histogram {
    return this.histogramFamily(description, upperBounds, []).child({});
  }

  histogramFamily(
    description: MetricDescription,
    upperBounds: readonly number[],
    labelNames: readonly string[],
  ): MetricFamily<Histogram> {
    const create = () => new Histogram(upperBounds);
    return this.#register(new MetricFamily(description, "histogram", labelNames, create));
  }

  /** Calls back before every rendering, for gauges that mirror what others keep. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** Prometheus text format 0.0.4, metrics in order of name. */
  render(): string {
    for (const collect of this.#collectors) collect();
    const families = [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return families.map(renderFamily).join("");
  }

  #register<M extends Counter | Gauge | Histogram>(family: MetricFamily<M>): MetricFamily<M> {
    assert(/^[a-z][a-z0-9_]*$/.test(family.name), `${family.name} is no metric name`);
    assert(!this.#families.has(family.name), `${family.name} is registered twice`);
    this.#families.set(family.name, family);
    return family;
  }
}

function renderFamily(family: MetricFamily<Counter | Gauge | Histogram>): string {
  const help = family.help.replace(/[\\\n]/g, (found) => (found === "\n" ? "\\n" : "\\\\"));
  let text = `# HELP ${family.name} ${help}\n# TYPE ${family.name} ${family.type}\n`;
  for (const [labels, metric] of family.children()) {
    text +=
      metric instanceof Histogram
        ? renderHistogram(family.name, labels, metric)
        : `${family.name}${braced(labels)} ${renderNumber(metric.value)}\n`;
  }
  return text;
}

function renderHistogram(name: string, labels: string, histogram: Histogram): string {
  const prefix = labels === "" ? "" : `${labels},`;
  let text = "";
  let cumulative = 0;
  for (const [bucket, count] of histogram.counts.entries()) {
    cumulative += count;
    const bound = histogram.upperBounds[bucket] ?? Infinity;
    text += `${name}_bucket{${prefix}le="${renderNumber(bound)}"} ${cumulative}\n`;
  }
  text += `${name}_sum${braced(labels)} ${renderNumber(histogram.sum)}\n`;
  return `${text}${name}_count${braced(labels)} ${cumulative}\n`;
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function renderNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function escapeLabelValue(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === "\n" ? "\\n" : `\\${found}`));
}
