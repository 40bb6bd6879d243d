/** A result of schema 1.5 that has all that a report can show. */
import { resultSchemaVersion, type ScanResult } from "../../src/report/result.ts";
import { contrastResultOf } from "./result.ts";

/** A picture that is none, and is taken for one. */
export const picture = "data:image/png;base64,iVBORw0KGgo=";

/** Rows of numbers that all differ. */
export const rowsOf = (count: number, columns: number, start = 0): number[][] =>
  Array.from({ length: count }, (_, i) => Array.from({ length: columns }, (__, j) => start + i + 0.1 * j));

/** A result by the method of contrast with changes. */
export function fullResultOf(changes: Partial<ScanResult> = {}): ScanResult {
  const base = contrastResultOf();
  const finding = base.contrast![0]!.findings[0]!;
  return {
    ...base,
    schemaVersion: resultSchemaVersion,
    contrast: [
      {
        ...base.contrast![0]!,
        findings: [
          {
            ...finding,
            homes: [
              { target: [0, 0], distance: 0, cost: 0.009 },
              { target: [0.1, 0], distance: 0.2, cost: 0.008 },
            ],
          },
        ],
      },
    ],
    evidence: base.evidence.map((image) => ({ ...image, meanChange: 0.02, attention: picture })),
    triggers: [
      {
        family: "patch",
        theta: "",
        target: [0.5, -0.2],
        score: 0.125,
        pictures: [
          { name: "mask", scale: 1, picture },
          { name: "pattern", scale: 1, picture },
        ],
      },
      {
        family: "warp",
        theta: "",
        target: [0.5, -0.2],
        score: 0.3,
        pictures: [],
        displacement: { side: 2, x: [0, 1, 0, -1], y: [1, 0, -2, 0] },
      },
    ],
    responses: {
      images: 5,
      outputs: { clean: rowsOf(5, 2), reversed: rowsOf(5, 2, 10) },
      angles: { clean: rowsOf(5, 2, 80), reversed: rowsOf(5, 2, 90) },
    },
    terms: [
      { step: 0, values: { error: 3, size: 1 } },
      { step: 1, values: { error: 2, size: 2 } },
      { step: 2, values: { error: 1, size: 3, "target 0": 0.4, "target 1": -0.1 } },
      { step: 3, values: { error: 0.5, size: 2, "target 0": 0.52, "target 1": -0.24 } },
    ],
    stages: [
      { name: "mapping costs (patch)", steps: 2 },
      { name: "letting triggers grow (patch)", steps: 2 },
    ],
    ...changes,
  };
}
