import { once } from "node:events";
import fs from "node:fs";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { median } from "../statistics.ts";

/** What the machine itself asks for, whoever asks; medians, µs. */
export interface Floor {
  /** One write of a batch to the log, until it is durable. Null: the path writes no log. */
  readonly logWrite: number | null;
  readonly socketRead: number;
  readonly socketWrite: number;
}

/** Sizes of a batch. */
export interface BatchBytes {
  readonly log: number | null;
  readonly received: number;
  readonly sent: number;
}

const TIMES = 200;
const LOG_FILE_BYTES = 2 ** 22;

/** @param directory on the disk that the log is on */
export async function measureFloor(directory: string, batch: BatchBytes): Promise<Floor> {
  return {
    logWrite: batch.log === null ? null : logWriteMicros(directory, batch.log),
    socketRead: (await socketMicros(batch.received)).read,
    socketWrite: (await socketMicros(batch.sent)).write,
  };
}

/** As `storage/node-disk.ts` does it: into a file whose place is taken already, with O_DSYNC. */
function logWriteMicros(directory: string, size: number): number {
  const path = join(directory, "floor");
  fs.writeFileSync(path, new Uint8Array(LOG_FILE_BYTES), { flush: true } as fs.WriteFileOptions);
  const bytes = new Uint8Array(Math.max(1, Math.round(size))).fill(1);
  const file = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_DSYNC);
  try {
    const room = Math.max(1, LOG_FILE_BYTES - bytes.length);
    return medianMicros((turn) =>
      fs.writeSync(file, bytes, 0, bytes.length, (turn * bytes.length) % room),
    );
  } finally {
    fs.closeSync(file);
    fs.unlinkSync(path);
  }
}

/** A batch through a connection of the loopback, by nothing but the system calls. */
async function socketMicros(size: number): Promise<{ read: number; write: number }> {
  const listener = createServer({ pauseOnConnect: true });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, "connection") as Promise<[Socket]>;
  const from = createConnection({ port, host: "127.0.0.1" });
  const [to] = await accepted;
  if (from.connecting) await once(from, "connect");
  try {
    return move(descriptorOf(from), descriptorOf(to), Math.max(1, Math.round(size)));
  } finally {
    from.destroy();
    to.destroy();
    listener.close();
  }
}

function move(from: number, to: number, size: number): { read: number; write: number } {
  const bytes = new Uint8Array(size);
  const reads: number[] = [];
  const writes: number[] = [];
  for (let turn = 0; turn < TIMES; turn++) {
    let [written, read, writing, reading] = [0, 0, 0, 0];
    while (read < size) {
      const begun = performance.now();
      if (written < size) written += unlessItWaits(() => fs.writeSync(from, bytes, written));
      const between = performance.now();
      read += unlessItWaits(() => fs.readSync(to, bytes, 0, size - read, null));
      writing += between - begun;
      reading += performance.now() - between;
    }
    writes.push(writing * 1_000);
    reads.push(reading * 1_000);
  }
  return { read: median(reads), write: median(writes) };
}

/** 0 when the socket takes or has nothing right now. */
function unlessItWaits(call: () => number): number {
  try {
    return call();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    throw error;
  }
}

/** Node keeps it to itself. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd: number } };
  return handle.fd;
}

function medianMicros(call: (turn: number) => unknown): number {
  const times: number[] = [];
  for (let turn = 0; turn < TIMES; turn++) {
    const begun = performance.now();
    call(turn);
    times.push((performance.now() - begun) * 1_000);
  }
  return median(times);
}
