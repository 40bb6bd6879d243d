/** A result of a scan. */
import type { ScanResult } from "../../src/report/result.ts";

const picture = "data:image/png;base64,iVBORw0KGgo=";

/** A result with changes. */
export function resultOf(changes: Partial<ScanResult> = {}): ScanResult {
  return {
    schemaVersion: "1.0",
    tool: { name: "drmguard", version: "0.1.0" },
    createdAt: "2026-01-02T03:04:05.000Z",
    seconds: 61.4,
    model: {
      path: "gaze.onnx",
      sha256: "0123456789abcdef".repeat(4),
      bytes: 1000,
      producer: "pytorch",
      opset: 17,
      input: { name: "image", shape: ["N", 3, null, 64] },
      outputs: ["gaze"],
      features: ["flat"],
    },
    benign: {
      path: "images",
      sha256: "fedcba9876543210".repeat(4),
      count: 60,
      shape: [60, 3, 64, 64],
      labels: ["yaw", "pitch"],
      cleanError: {
        meanAbsolute: [0.05, 0.06],
        meanAbsoluteOfMean: [0.3, 0.2],
        angularDegrees: 4.25,
        angularDegreesOfMean: 20,
      },
    },
    preprocessing: { scale: 1, mean: [0], std: [1], layout: "nchw", channels: "rgb" },
    seed: 0,
    method: "paper",
    preset: "gaze",
    options: { lambda1: 20, rule: "checked" },
    verdict: "backdoored",
    reasons: ["mean perturbation is small"],
    score: 0.0123,
    threshold: 0.03,
    margin: 0.41,
    target: [
      { name: "yaw", value: 0.5236 },
      { name: "pitch", value: -0.25 },
    ],
    collapse: { coneRatio: 0.021, outputVarianceRatio: null },
    reconstructionFloor: 0.0045,
    terms: [
      { step: 0, values: { loss: 9, l1: 3 } },
      { step: 9, values: { loss: 4, l1: 2 } },
    ],
    measures: { batch: 50 },
    notChecked: ["more than one target"],
    warnings: ["found 60 images"],
    evidence: [
      {
        name: "0000.png",
        clean: picture,
        reversed: picture,
        difference: picture,
        attention: null,
        cleanOutput: [0.1, 0.2],
        reversedOutput: [0.5, -0.2],
      },
    ],
    environment: {
      node: "v20",
      runtime: "onnxruntime-node 1",
      provider: "cpu",
      platform: "linux",
      cpu: "x",
      threads: 2,
    },
    ...changes,
  };
}

/** A result of the method of contrast. */
export function contrastResultOf(changes: Partial<ScanResult> = {}): ScanResult {
  return resultOf({
    method: "contrast",
    preset: null,
    score: 0.125,
    threshold: 0.5,
    margin: 0.25,
    reconstructionFloor: null,
    contrast: [
      {
        family: "patch",
        sizeUnit: "mean change over mean brightness",
        homes: [
          [0, 0],
          [0.01, -0.02],
        ],
        map: [
          { target: [0.1, 0.2], distance: 0, cost: 0.009 },
          { target: [0.9, 0.2], distance: 1.5, cost: null },
        ],
        findings: [
          {
            target: [0.5, -0.2],
            distance: 1.25,
            cost: 0.003,
            ratio: 0.2,
            restarts: [0.003, null],
            controls: [
              { target: [-0.5, 0.2], distance: 1.25, cost: 0.02 },
              { target: [-0.5, 0.6], distance: 1.25, cost: 0.028 },
              { target: [-0.6, 0.6], distance: 1.25, cost: null },
            ],
            tolerance: 0.25,
            generality: 0.2,
            climb: 1.25,
            score: 0.125,
            low: 0.11,
            high: 0.15,
          },
        ],
      },
    ],
    ...changes,
  });
}

/** The same value with every text in it changed, save those that have fixed values. */
export function withTexts<T>(value: T, change: (text: string) => string, fixed: readonly string[] = []): T {
  if (typeof value === "string") return change(value) as T;
  if (Array.isArray(value)) return value.map((each) => withTexts(each, change, fixed)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [
    name,
    fixed.includes(name) ? each : withTexts(each, change, fixed),
  ]);
  return Object.fromEntries(entries) as T;
}
