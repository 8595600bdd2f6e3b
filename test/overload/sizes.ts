/** How much of each load: `CONCLAVE_OVERLOAD=full` for the whole of it, else what fits into every run of the tests. */
export const isFull = process.env.CONCLAVE_OVERLOAD === "full";

const size = (usual: number, full: number): number => (isFull ? full : usual);

export const CROWD_CONNECTIONS = size(40, 200);
export const CROWD_MS = size(4_000, 15_000);
export const CONNECTIONS = size(1_500, 9_900);
export const WATCHES = size(10_000, 100_000);
export const LEASES = size(10_000, 100_000);
export const KEYS = size(150_000, 1_000_000);
