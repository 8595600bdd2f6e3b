import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";

/** @throws TypeError for `"own"`, which JavaScript may ask for: nobody would end such a session */
export function sessionFor(sessions: Sessions, choice: "shared" | Session | undefined): Session {
  if ((choice as unknown) === "own") throw new TypeError('session: "shared", or one you made');
  return sessions.choose(choice).session;
}
