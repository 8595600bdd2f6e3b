import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
const MEMORY_BYTES_MIN = 4 * 1024 ** 3;

/**
 * Where servers under test keep their data: in memory if there is room. Whatever is done to them, short of cutting the kernel's power,
 * leaves what they wrote; a disk that they share with others stands still for seconds, which says nothing about them.
 */
export async function dataPlace(): Promise<string> {
  const room = await statfs(MEMORY).catch(() => null);
  return room !== null && room.bavail * room.bsize >= MEMORY_BYTES_MIN ? MEMORY : tmpdir();
}
