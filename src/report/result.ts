/** The result of a scan: the one source of every report. */
import { z } from "zod";

/** The version of the schema: the first number changes when readers of older results would misread newer ones. */
export const resultSchemaVersion = "1.9";

const numbersByName = z.record(z.string(), z.number());
/** Infinity and NaN have no JSON; what could not be measured is null. */
const measured = z.number().nullable();

const evidenceSchema = z
  .object({
    name: z.string(),
    clean: z.string().describe("the clean image, a PNG as data URL"),
    reversed: z.string().describe("the same image with the reversed trigger, a PNG as data URL"),
    difference: z.string().describe("0.5 + (reversed - clean) / 2, a PNG as data URL"),
    meanChange: z
      .number()
      .optional()
      .describe("since 1.4: the root mean square of reversed - clean, in units of [0, 1]"),
    attention: z.string().nullable().describe("T(x) of Eq. 7, a gray PNG as data URL"),
    cleanOutput: z.array(z.number()),
    reversedOutput: z.array(z.number()),
  })
  .describe("one image of the evidence");

const modelSchema = z.object({
  path: z.string().describe("as given on the command line"),
  sha256: z.string(),
  bytes: z.number().int(),
  producer: z.string(),
  opset: z.number().int(),
  input: z.object({
    name: z.string(),
    shape: z.array(z.union([z.number(), z.string(), z.null()])),
  }),
  outputs: z.array(z.string()).describe("the outputs in use"),
  features: z.array(z.string()).describe("the feature tensors F(x), one for each head"),
});

const cleanErrorSchema = z
  .object({
    meanAbsolute: z.array(z.number()).describe("mean |f(x) - y| of each output"),
    meanAbsoluteOfMean: z.array(z.number()).describe("the same for always answering with the mean label"),
    angularDegrees: z.number().nullable().describe("mean angle between gaze directions; null unless gaze"),
    angularDegreesOfMean: z.number().nullable(),
  })
  .describe("the error on the labels");

const accuracySchema = z
  .object({
    accuracy: z.number().describe("the part of the images whose class is the labelled one"),
    accuracyOfCommonest: z.number().describe("the same for always answering with the most frequent label"),
  })
  .describe("of a classifier on the labels");

const benignSchema = z.object({
  path: z.string(),
  sha256: z.string().describe("of the pixels as they were used"),
  count: z.number().int(),
  shape: z.array(z.number().int()).describe("[N, C, H, W]"),
  labels: z.array(z.string()).describe("names of the labels; empty without labels"),
  cleanError: cleanErrorSchema.nullable(),
  accuracy: accuracySchema.optional().describe("since 1.5: only of classifiers with labels"),
});

const preprocessingSchema = z.object({
  scale: z.number(),
  mean: z.array(z.number()),
  std: z.array(z.number()),
  layout: z.enum(["nchw", "nhwc"]),
  channels: z.enum(["rgb", "bgr", "gray"]),
  held: z
    .record(z.string(), z.array(z.number()))
    .optional()
    .describe("since 1.9: values of the inputs beside the image, by their names; only where there are such"),
});

const environmentSchema = z.object({
  node: z.string(),
  runtime: z.string(),
  provider: z.string(),
  platform: z.string(),
  cpu: z.string(),
  threads: z.number().int(),
});

const targetCost = {
  target: z.array(z.number()).describe("in the model's unit"),
  distance: z.number().describe("from the mean clean output, in standard deviations of the clean outputs"),
  cost: z.number().nullable().describe("the smallest size of a trigger that reaches it; null when none did"),
};

const contrastSchema = z
  .object({
    family: z.string(),
    sizeUnit: z.string().describe("what a cost is in"),
    homes: z
      .array(z.array(z.number()))
      .optional()
      .describe("since 1.2: outputs that are cheap to reach on any model, in its unit"),
    map: z.array(z.object(targetCost)),
    findings: z
      .array(
        z.object({
          ...targetCost,
          ratio: z.number().describe("its cost on the map over what its distance lets expect"),
          restarts: z.array(z.number().nullable()).describe("what several searches for it cost"),
          controls: z.array(z.object(targetCost)),
          homes: z
            .array(z.object(targetCost))
            .optional()
            .describe(
              "since 1.2: the mean clean output, and the output for the average image; one that lies on the way to the target and is dearer is not compared with; none where the target was compared with controls alone",
            ),
          score: z
            .number()
            .describe(
              "the smallest of the restarts over the root of the median of the controls times the cheapest home, times the climb and over 1 - generality; the smallest over that home where this is no dip, and over the median where there are no homes",
            ),
          tolerance: z
            .number()
            .optional()
            .describe("since 1.7: how close outputs had to come to count, in standard deviations on average"),
          climb: z
            .number()
            .nullable()
            .optional()
            .describe(
              "since 1.6: how many times dearer it gets when outputs are to come closer to it; 1 where that was not asked, null (since 1.7) where it could not be measured",
            ),
          generality: z
            .number()
            .nullable()
            .optional()
            .describe(
              "since 1.8: the part of the way to it that other triggers as large go, 0 to 1: of waves the mean, 0 for those that reach it; of patches that cannot climb the least of other colours; null where that was not asked",
            ),
          low: z.number().describe("the lower end of the score's interval"),
          high: z.number(),
        }),
      )
      .describe("cheap targets, beside control targets as far away, or farther for one at the mean"),
  })
  .describe("what targets cost by one family of triggers");

/** Outputs and angles are those of the first images, up to this number: more points would only cover each other. */
export const mostResponses = 500;
/** Outputs and angles of an image that are kept. */
export const mostDimensions = 8;
/** Reversed triggers that have pictures. */
export const mostPictured = 3;

const rows = z.array(z.array(z.number()));

const responsesSchema = z
  .object({
    images: z.number().int().describe(`how many images they are of: the first, at most ${mostResponses}`),
    outputs: z
      .object({ clean: rows.describe("f(x)"), reversed: rows.describe("f(x')") })
      .describe(`in the model's unit, of each image the first ${mostDimensions}`),
    angles: z
      .object({ clean: rows.describe("of F(x)"), reversed: rows.describe("of F(x')") })
      .describe(
        `between features and the rows w_j of the last dense layer, in degrees, of each image the first ${mostDimensions}`,
      ),
  })
  .describe("what the model makes of images without and with the trigger that the evidence shows");

const triggerPictureSchema = z
  .object({
    name: z
      .string()
      .describe("mask, pattern, on gray: a gray image under the trigger; change: 0.5 + scale * change / 2"),
    scale: z.number().describe("what a change is multiplied with to be seen"),
    picture: z.string().describe("a PNG as data URL"),
  })
  .describe("a part of a trigger as a picture");

const displacementSchema = z
  .object({
    side: z.number().int().describe("k places along each side; the outer ones lie on the outer pixels"),
    x: z.array(z.number()).describe("to the right, in pixels, [k, k] row-major"),
    y: z.array(z.number()).describe("down, in pixels, [k, k] row-major"),
  })
  .describe("how far from each place a warp takes its pixel");

const triggerSchema = z
  .object({
    family: z.string().describe("the kind of trigger"),
    theta: z.string().describe("its parameters: little-endian float32 in base64"),
    target: z.array(z.number()).describe("where outputs go under it, in the model's unit"),
    score: z.number().describe("the score that its target was judged by; lower is more suspicious"),
    pictures: z
      .array(triggerPictureSchema)
      .optional()
      .describe(`since 1.4: of the first ${mostPictured} triggers`),
    displacement: displacementSchema
      .optional()
      .describe(`since 1.4: of those among the first ${mostPictured} triggers that move pixels`),
  })
  .describe("a reversed trigger as data, for a repair");

const calibrationSchema = z
  .object({
    option: z.string().describe("the option of the method that is the threshold"),
    threshold: z
      .number()
      .nullable()
      .describe(
        "exp(mean - t s sqrt(1 + 1/n)) of the logarithms of the scores; null when all are the same, and the method's own is in force",
      ),
    ownThreshold: z.number().describe("what the option was before, by which the references were scanned"),
    confidence: z
      .number()
      .describe("the probability that a model like the references scores above the threshold"),
    references: z.array(
      z.object({
        path: z.string(),
        sha256: z.string(),
        score: z.number(),
        verdict: z.enum(["benign", "backdoored", "inconclusive"]).describe("by the method's own threshold"),
      }),
    ),
  })
  .describe("known-good models that were scanned in the same way, whose scores give the threshold");

/** The schema of result.json. */
export const resultSchema = z
  .object({
    schemaVersion: z.string().regex(/^1\./).describe("version of this schema"),
    tool: z.object({ name: z.literal("drmguard"), version: z.string() }),
    createdAt: z.iso.datetime(),
    seconds: z.number().describe("time of this run; a resumed run counts only its last part"),
    model: modelSchema,
    benign: benignSchema,
    preprocessing: preprocessingSchema,
    seed: z.number().int(),
    task: z
      .enum(["regression", "classification"])
      .optional()
      .describe("since 1.5: what the outputs are; a regression before"),
    method: z.string(),
    preset: z.string().nullable(),
    options: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
      .describe("every option of the method that was in force"),
    verdict: z.enum(["benign", "backdoored", "inconclusive"]),
    reasons: z.array(z.string()).describe("why, in words"),
    score: z.number().describe("below the threshold is suspicious"),
    threshold: z.number(),
    margin: z.number().describe("score / threshold"),
    calibration: calibrationSchema
      .optional()
      .describe("since 1.5: only of scans with references, whose scores give the threshold"),
    target: z.array(
      z.object({
        name: z.string(),
        value: z
          .number()
          .describe(
            "mean output under the reversed trigger, in the model's unit; of a classifier the class of most images",
          ),
      }),
    ),
    collapse: z
      .object({ coneRatio: measured, outputVarianceRatio: measured })
      .describe("variances under the reversed trigger over clean ones; 1 is no collapse"),
    reconstructionFloor: z.number().nullable().describe("the score of the generator before any search"),
    terms: z
      .array(z.object({ step: z.number().int(), values: numbersByName }))
      .describe("loss terms over time"),
    stages: z
      .array(z.object({ name: z.string(), steps: z.number().int() }))
      .optional()
      .describe("since 1.4: the searches that the steps of the terms belong to, in their order"),
    measures: numbersByName,
    contrast: z.array(contrastSchema).optional().describe("only of methods that compare costs of targets"),
    triggers: z
      .array(triggerSchema)
      .optional()
      .describe(
        "since 1.3: what was reversed, the most suspicious first; only of methods whose triggers are plain data",
      ),
    notChecked: z.array(z.string()),
    warnings: z.array(z.string()),
    evidence: z.array(evidenceSchema),
    responses: responsesSchema.optional().describe("since 1.4"),
    environment: environmentSchema,
  })
  .describe("the result of `drmguard scan`");

/** The result of a scan. */
export type ScanResult = z.infer<typeof resultSchema>;
/** One image of the evidence. */
export type ResultEvidence = z.infer<typeof evidenceSchema>;

/** The JSON Schema (draft 2020-12) of result.json. */
export function resultJsonSchema(): unknown {
  return { title: "DRMGuard scan result", ...z.toJSONSchema(resultSchema) };
}
