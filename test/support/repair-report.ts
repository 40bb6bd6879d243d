/** A report of a repair. */
import type { RepairReport } from "../../src/report/repair-report.ts";

const scan = { method: "contrast", threshold: 0.5, reasons: ["cheap"] };

/** A report of a repair that helped, with changes. */
export function repairReportOf(changes: Partial<RepairReport> = {}): RepairReport {
  return {
    schemaVersion: "1.0",
    tool: { name: "drmguard", version: "0.1.0" },
    createdAt: "2026-01-02T03:04:05.000Z",
    seconds: 12.3,
    model: { path: "gaze.onnx", sha256: "ab".repeat(32), bytes: 1000 },
    output: { path: "repaired.onnx", sha256: "cd".repeat(32) },
    benign: {
      path: "images",
      sha256: "ef".repeat(32),
      labels: ["yaw", "pitch"],
      training: 42,
      validation: 9,
      test: 9,
    },
    seed: 3,
    errors: { kind: "angular", unit: "degrees" },
    outcome: "repaired",
    reasons: ["the trigger has lost its effect"],
    maxDegradation: 0.1,
    regressionError: { before: 5, after: 5.25 },
    triggers: [
      {
        family: "patch",
        target: [0.5, -0.2],
        score: 0.125,
        before: { attackError: 2, defendingAttackError: 28 },
        after: { attackError: 25, defendingAttackError: 6 },
      },
    ],
    movement: { weights: 700, relative: 0.02, largest: 0.5 },
    scans: {
      before: { ...scan, verdict: "backdoored", score: 0.125 },
      after: { ...scan, verdict: "benign", score: 0.9 },
    },
    training: {
      method: "unlearning",
      options: { steps: 400, learningRate: 0.01 },
      isComplete: true,
      measures: {},
      history: [],
    },
    warnings: [],
    environment: { node: "v20", threads: 2 },
    ...changes,
  };
}
