import { LoadProcess, type LoadReport, type LoadSettings } from "../servers/load-process.ts";

/** Watches a window of a load: from when it is warm until it is over. */
export interface Watch<Seen> {
  begin(): unknown;
  end(): Seen | Promise<Seen>;
}

/** Puts a load on a server, and watches the part of it that is counted. */
export async function watchLoad<Seen>(
  workload: string,
  endpoint: string,
  settings: LoadSettings,
  watch: Watch<Seen>,
): Promise<{ readonly report: LoadReport; readonly seen: Seen }> {
  await using load = new LoadProcess(workload, [endpoint], settings);
  await load.next("measuring");
  await watch.begin();
  await load.next("over");
  const seen = await watch.end();
  return { report: await load.next<LoadReport>("measured"), seen };
}
