import type { Section } from "./section.ts";

/** A section, and which of its rows are wanted. */
export interface Choice {
  readonly section: Section;
  readonly rows: readonly string[];
  readonly isWhole: boolean;
}

/**
 * What the words of the command line choose: a section (`sdk`), a row of one (`sdk/put`), or the first row of that name
 * (`put`). No words: everything.
 * @throws Error naming what there is, when there is no such thing.
 */
export function chosenBy(words: readonly string[], sections: readonly Section[]): Choice[] {
  const wanted = words.map((word) => placeOf(word, sections));
  return sections.flatMap((section): Choice[] => {
    const rows = section.rows.map(({ name }) => name);
    const ofSection = wanted.filter((place) => place.section === section);
    if (words.length === 0 || ofSection.some(({ row }) => row === undefined)) {
      return [{ section, rows, isWhole: true }];
    }
    const chosen = rows.filter((name) => ofSection.some(({ row }) => row === name));
    return chosen.length === 0 ? [] : [{ section, rows: chosen, isWhole: false }];
  });
}

function placeOf(word: string, sections: readonly Section[]) {
  const whole = sections.find(({ name }) => name === word);
  if (whole !== undefined) return { section: whole, row: undefined };
  for (const section of sections) {
    const row = section.rows.find(
      ({ name }) => name === word || `${section.name}/${name}` === word,
    );
    if (row !== undefined) return { section, row: row.name };
  }
  const known = sections.flatMap(({ name, rows }) => [
    name,
    ...rows.map((row) => `${name}/${row.name}`),
  ]);
  throw new Error(`no section or row ${word}; there are: ${known.join(" ")}`);
}
