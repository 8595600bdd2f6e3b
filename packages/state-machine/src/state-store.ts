/**
 * The storage seam of the state machine: a sorted map of byte keys, synchronous. Behind it stands LevelDB (with an
 * overlay of what is not flushed yet) or, in memory mode and simulation, an ordered map.
 *
 * Writes go into the open batch and are visible to `get` at once. The owner of the store (the raft driver) decides when
 * a batch becomes durable; all writes between two `seal` calls land atomically, together with the applied index.
 * Keys are latin1 byte strings (see base/byte-string); values are bytes the store owns from then on.
 */
export interface StateStore {
  get(key: string): Uint8Array | undefined;
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
}
