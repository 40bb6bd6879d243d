/** A runtime with lanes in which nothing runs at the same time. */
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { Runtime, SessionOptions } from "../../src/runtime/runtime.ts";

/** A runtime with lanes, which are all this thread, and which lanes sessions were loaded into and released from, in their order. */
export function lanesOf(
  lanes: number,
  beforeLoad: (options: SessionOptions) => void = () => {},
): {
  readonly runtime: Runtime;
  readonly asked: readonly (number | undefined)[];
  readonly released: readonly (number | undefined)[];
} {
  const real = nodeRuntime();
  const asked: (number | undefined)[] = [];
  const released: (number | undefined)[] = [];
  const runtime: Runtime = {
    ...real,
    lanes,
    async load(model, { lane, ...options } = {}) {
      beforeLoad({ ...options, ...(lane === undefined ? {} : { lane }) });
      asked.push(lane);
      const session = await real.load(model, options);
      return {
        run: (feeds) => session.run(feeds),
        release: () => {
          released.push(lane);
          return session.release();
        },
      };
    },
  };
  return { runtime, asked, released };
}
