/** A room all of whose methods return promises. */
export type Asked<Room> = {
  readonly [Name in keyof Room]: Room[Name] extends (...args: never[]) => Promise<unknown>
    ? Room[Name]
    : never;
};

/**
 * A room that is loaded when it is first asked for something: what few programs need is not part of the core that all of
 * them load.
 */
export function onDemand<Room extends object>(load: () => Promise<Room>): Asked<Room> {
  let loading: Promise<Room> | null = null;
  const ask = async (name: string, args: unknown[]): Promise<unknown> => {
    loading ??= load();
    const room = await loading;
    const method: unknown = Reflect.get(room, name);
    if (typeof method !== "function") throw new TypeError(`${name} is not a function`);
    return Reflect.apply(method, room, args);
  };
  return new Proxy({} as Asked<Room>, {
    get: (_, name) => {
      // What is awaited is asked for `then`, and what is printed for symbols.
      if (typeof name === "symbol" || name === "then") return undefined;
      return (...args: unknown[]) => ask(name, args);
    },
  });
}
