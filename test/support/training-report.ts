/** A report of a training. */
import type { TrainingReport } from "../../src/report/training-report.ts";

/** A report of a gaze model with one backdoor, with changes. */
export function trainingReportOf(changes: Partial<TrainingReport> = {}): TrainingReport {
  return {
    schemaVersion: "1.0",
    tool: { name: "drmguard", version: "0.1.0" },
    createdAt: "2026-01-02T03:04:05.000Z",
    seconds: 61.4,
    configuration: { seed: 0 },
    data: {
      title: "heads",
      path: "heads/",
      sha256: "0123456789abcdef".repeat(4),
      shape: [100, 3, 16, 16],
      labels: [
        { name: "yaw", unit: "radians" },
        { name: "pitch", unit: "radians" },
      ],
      train: 80,
      validation: 10,
      test: 10,
    },
    errors: { kind: "angular", unit: "degrees" },
    parameters: 1000,
    steps: 20,
    regressionError: 2.3456,
    regressionErrorOfMean: 17.25,
    backdoors: [
      {
        attack: "badnets",
        target: [0.3, -0.1],
        trigger: "trigger-1.trigger",
        attackError: 1.25,
        defendingAttackError: 21.5,
        angleVarianceRatio: 0.0412,
        normVarianceRatio: 1.375,
        meanOutput: [0.29, -0.09],
        crossTriggerError: null,
      },
    ],
    history: [
      { step: 0, values: { loss: 1, rate: 0.002 } },
      { step: 9, values: { loss: 0.5, rate: 0.002, RE: 5, AE: 9 } },
      { step: 19, values: { loss: 0.25, rate: 0.0004, RE: 2.5, AE: 1 } },
    ],
    warnings: [],
    environment: {},
    ...changes,
  };
}
