import { expect, test } from "vitest";
import { DrmGuardError } from "../../src/errors.ts";
import {
  type ItemEvent,
  type MakeContext,
  type MakeOptions,
  makeItems,
  type WorkItem,
  type WorkKind,
} from "../../src/experiments/work.ts";
import { errorOf } from "../support/errors.ts";

/** A place where made items are kept, and what happened there. */
function bench(there: Readonly<Record<string, string>> = {}) {
  const kept = new Map(Object.entries(there));
  const events: ItemEvent[] = [];
  const made: string[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const item = (
    name: string,
    needs: readonly WorkItem[] = [],
    work: (context: MakeContext) => Promise<void> = async () => {},
    kind: WorkKind = needs.length === 0 ? "model" : "scan",
  ): WorkItem<string> => ({
    kind,
    name,
    needs,
    async find() {
      const result = kept.get(name);
      return result === undefined ? null : { result, seconds: 10 };
    },
    async make(results, context) {
      atOnce++;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      try {
        await new Promise((resolve) => setTimeout(resolve, 2));
        await work(context);
      } finally {
        atOnce--;
      }
      const result = `${name}(${needs.map((need) => results.of(need)).join()})`;
      kept.set(name, result);
      made.push(name);
      return { result, seconds: 20 };
    },
  });
  const run = (items: readonly WorkItem[], changes: Partial<MakeOptions> = {}) =>
    makeItems(items, {
      jobs: 1,
      isOnlyFinished: false,
      onEvent: (event) => events.push(event),
      signal: new AbortController().signal,
      ...changes,
    });
  return { item, run, events, made, kept, mostAtOnce: () => mostAtOnce };
}

const fails =
  (code: DrmGuardError["code"] = "E_NAN") =>
  async (): Promise<void> => {
    throw new DrmGuardError(code, `no ${code}`);
  };

test("what is needed is made first, each once, and handed on", async () => {
  const { item, run, made } = bench();
  const model = item("m");
  const scan = item("s", [model]);
  const repair = item("r", [scan, model]);
  const other = item("t", [model]);
  const results = await run([repair, other]);
  expect(made).toEqual(["m", "s", "r", "t"]);
  expect(results.of(repair)).toBe("r(s(m()),m())");
  expect(results.has(other)).toBe(true);
});

test("what is there is found, also below what is missing", async () => {
  const { item, run, made, events } = bench({ m: "old", s: "kept" });
  const scan = item("s", [item("m")]);
  const results = await run([scan, item("r", [scan])]);
  expect(made).toEqual(["r"]);
  expect(results.of(scan)).toBe("kept");
  expect(events[0]).toEqual({
    kind: "planned",
    jobs: 1,
    counts: { model: { done: 1, all: 1, seconds: 10 }, scan: { done: 1, all: 2, seconds: 10 } },
  });
  expect(events.at(-1)).toMatchObject({
    kind: "finished",
    item: "r",
    counts: { scan: { done: 2, all: 2, seconds: 15 } },
  });
});

test("as many as there are jobs are made at once, and no more", async () => {
  const { item, run, made, mostAtOnce } = bench();
  const models = Array.from({ length: 7 }, (_, i) => item(`m${i}`));
  await run(models, { jobs: 3 });
  expect(made).toHaveLength(7);
  expect(mostAtOnce()).toBe(3);
});

test("workers wait for what others make, however many there are", async () => {
  const { item, run, made } = bench();
  const chain = [item("a")];
  for (const name of ["b", "c", "d"]) chain.push(item(name, [chain.at(-1)!]));
  await run(chain, { jobs: 4 });
  expect(made).toEqual(["a", "b", "c", "d"]);
});

test("only what is finished is looked for when nothing is to be made", async () => {
  const { item, run, made, events } = bench({ m: "old", s: "lost" });
  const model = item("m");
  const unmade = item("n");
  // Found by its name, but what it needs is not there.
  const orphan = item("s", [unmade]);
  const { has } = await run([model, orphan], { isOnlyFinished: true });
  expect([has(model), has(unmade), has(orphan)]).toEqual([true, false, false]);
  expect(made).toEqual([]);
  expect(events.map(({ kind }) => kind)).toEqual(["planned"]);
});

test("a scan that fails is said at once, what builds on it is left out, and the rest is made before the error comes", async () => {
  const { item, run, made, events } = bench();
  const model = item("m");
  const scan = item("s", [model], fails());
  const repair = item("r", [scan]);
  const error = await errorOf(() => run([repair, item("x", [repair]), item("t", [model])], { jobs: 2 }));
  expect(error.code).toBe("E_NAN");
  expect(made).toEqual(["m", "t"]);
  expect(events).toContainEqual({ kind: "failed", work: "scan", item: "s", message: "no E_NAN" });
});

test("a model that fails stops the others, and its error is the one that is thrown", async () => {
  const { item, run, made } = bench();
  const waits = item("waits", [], ({ signal }) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())).then(
      fails("E_INTERRUPTED"),
    ),
  );
  const error = await errorOf(() => run([waits, item("bad", [], fails("E_USAGE")), item("m")], { jobs: 2 }));
  expect(error.code).toBe("E_USAGE");
  expect(made).toEqual([]);
});

test("an interrupt stops what is under way and begins nothing, and the same call goes on", async () => {
  const { item, run, made } = bench();
  const controller = new AbortController();
  let isStopped = false;
  const first = item("a", [], async ({ signal }) => {
    controller.abort();
    if (!isStopped && signal.aborted) {
      isStopped = true;
      throw new DrmGuardError("E_INTERRUPTED", "saved");
    }
  });
  const items = [first, item("b", [first])];
  expect((await errorOf(() => run(items, { signal: controller.signal }))).code).toBe("E_INTERRUPTED");
  expect(made).toEqual([]);
  await run(items);
  expect(made).toEqual(["a", "b"]);
});

test("an interrupt between two items is one too", async () => {
  const { item, run, made } = bench();
  const controller = new AbortController();
  const first = item("a", [], async () => controller.abort());
  const error = await errorOf(() => run([first, item("b")], { signal: controller.signal }));
  expect(error.code).toBe("E_INTERRUPTED");
  expect(made).toEqual(["a"]);
});
