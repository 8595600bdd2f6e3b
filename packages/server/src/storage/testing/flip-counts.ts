/** What came of the damages of a test, by outcome; printed for whoever reads the run, and for the page of figures. */
export function printCounts(
  kind: "images" | "flips" | "failures",
  what: string,
  counts: Readonly<Record<string, number>>,
): void {
  console.info(`DISK-FIGURES ${JSON.stringify({ kind, what, counts })}`);
}
