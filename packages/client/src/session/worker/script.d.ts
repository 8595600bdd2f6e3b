/** A module bundled with all that it imports into the text of one script, by the `script` plugin of the build. */
declare module "*?script" {
  const source: string;
  export default source;
}
