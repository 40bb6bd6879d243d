import { expect, test } from "vitest";
import { cleanErrorOf, cleanErrorWarning } from "../../src/metrics/clean-error.ts";

const names = ["yaw", "pitch"];
const labels = Float32Array.of(0, 1, 0.2, 1, 0.4, 4);

test("the error stands beside that of the mean label", () => {
  const outputs = labels.map((label, i) => label + [0.1, -0.3][i % 2]!);
  const error = cleanErrorOf(outputs, labels, names, false);
  // The means are 0.2 and 2: (0.2 + 0 + 0.2) / 3 and (1 + 1 + 2) / 3 away on average.
  [0.1, 0.3].forEach((value, j) => {
    expect(error.meanAbsolute[j]).toBeCloseTo(value, 5);
  });
  [0.4 / 3, 4 / 3].forEach((value, j) => {
    expect(error.meanAbsoluteOfMean[j]).toBeCloseTo(value, 5);
  });
  expect(error).toMatchObject({ angularDegrees: null, angularDegreesOfMean: null });
});

test("gaze has its error in degrees too", () => {
  const gaze = Float32Array.of(0, 0, Math.PI / 2, 0);
  const error = cleanErrorOf(Float32Array.of(0, 0, 0, 0), gaze, names, true);
  expect(error.angularDegrees).toBeCloseTo(45, 4);
  expect(error.angularDegreesOfMean).toBeCloseTo(45, 4);
});

test("a model that is better than the mean label is not warned of", () => {
  expect(
    cleanErrorWarning(
      cleanErrorOf(
        labels.map((v) => v + 0.1),
        labels,
        names,
        false,
      ),
      names,
    ),
  ).toBeNull();
});

test("a model that is no better than the mean label is warned of, with the numbers", () => {
  const scaled = cleanErrorWarning(
    cleanErrorOf(
      labels.map((v) => 255 * v),
      labels,
      names,
      false,
    ),
    names,
  );
  expect(scaled).toContain("no better than always answering with the mean label");
  expect(scaled).toContain("yaw 50.8, pitch 508");
  expect(scaled).toContain("yaw 0.133, pitch 1.33");
  const constant = Float32Array.of(0.2, 2, 0.2, 2, 0.2, 2);
  expect(cleanErrorWarning(cleanErrorOf(constant, labels, names, false), names)).not.toBeNull();
});
