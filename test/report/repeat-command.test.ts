import { expect, test } from "vitest";
import { repeatCommand } from "../../src/report/repeat-command.ts";
import { resultOf } from "../support/result.ts";

const { environment } = resultOf();

test("the provider is named where it is not the usual one", () => {
  expect(repeatCommand(resultOf())).not.toContain("--provider");
  const cuda = resultOf({ environment: { ...environment, provider: "cuda" } });
  expect(repeatCommand(cuda)).toMatch(/ --provider cuda$/);
});

test.each(["wasm", "webgpu"])("%s of a browser is not asked of the command line", (provider) => {
  const result = resultOf({ environment: { ...environment, provider, runtime: "onnxruntime-web 1.30.0" } });
  expect(repeatCommand(result)).not.toContain("--provider");
});
