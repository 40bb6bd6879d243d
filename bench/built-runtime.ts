/** The runtime that `npm run build` has made, for lanes: Node reads no TypeScript in a thread. */
export const { nodeRuntime } = (await import(
  new URL("../dist/runtime/node.js", import.meta.url).href
)) as typeof import("../src/runtime/node.ts");
