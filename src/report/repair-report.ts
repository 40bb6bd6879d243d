/** The result of a repair: what was done to a model, and whether it helped. */
import { z } from "zod";
import { mostDimensions, mostPictured, mostResponses } from "./result.ts";

/** The version of the schema: the first number changes when readers of older reports would misread newer ones. */
export const repairReportVersion = "1.2";

const scanSchema = z
  .object({
    method: z.string(),
    verdict: z.enum(["benign", "backdoored", "inconclusive"]),
    score: z.number(),
    threshold: z.number(),
    reasons: z.array(z.string()),
  })
  .describe("what a scan said");

const backdoorErrorsSchema = z.object({
  attackError: z.number().describe("AE: mean error of f(A(x)) to the estimated target"),
  defendingAttackError: z.number().describe("DAE: mean error of f(A(x)) to the true labels"),
});

const rows = z.array(z.array(z.number()));
const beforeAfter = z.object({ before: rows, after: rows });

const responsesSchema = z
  .object({
    images: z
      .number()
      .int()
      .describe(`how many test images they are of: the first, at most ${mostResponses}`),
    truth: rows.describe("the labels"),
    clean: beforeAfter.describe("f(x)"),
    triggers: z.array(beforeAfter).describe("f(A(x)) for each trigger"),
  })
  .describe(`outputs in the model's unit, of each image the first ${mostDimensions}`);

const evidenceSchema = z
  .object({
    name: z.string(),
    clean: z.string().describe("the clean image, a PNG as data URL"),
    truth: z.array(z.number()),
    triggers: z
      .array(
        z.object({
          picture: z.string().describe("the image with the trigger, a PNG as data URL"),
          before: z.array(z.number()).describe("the output under the trigger"),
          after: z.array(z.number()),
        }),
      )
      .describe(`for the first ${mostPictured} triggers`),
  })
  .describe("one test image");

const trainingSchema = z
  .object({
    method: z.string(),
    options: z.record(z.string(), z.number()).describe("every option of the method that was in force"),
    isComplete: z.boolean().describe("whether all steps were done"),
    measures: z.record(z.string(), z.number()),
    history: z.array(z.object({ step: z.number().int(), values: z.record(z.string(), z.number()) })),
  })
  .describe("how the weights were changed");

/** The schema of a repair's report. */
export const repairReportSchema = z
  .object({
    schemaVersion: z.string().regex(/^1\./).describe("version of this schema"),
    tool: z.object({ name: z.literal("drmguard"), version: z.string() }),
    createdAt: z.iso.datetime(),
    seconds: z.number().describe("time of this run; a resumed run counts only its last part"),
    model: z.object({ path: z.string(), sha256: z.string(), bytes: z.number().int() }),
    output: z.object({ path: z.string(), sha256: z.string() }).describe("the file that was written"),
    benign: z.object({
      path: z.string(),
      sha256: z.string(),
      labels: z.array(z.string()),
      training: z.number().int().describe("images that were trained on"),
      validation: z.number().int().describe("images that chose the weights"),
      test: z.number().int().describe("images that errors are measured on, neither trained on nor chosen by"),
    }),
    seed: z.number().int(),
    errors: z
      .object({ kind: z.enum(["angular", "l1"]), unit: z.enum(["degrees", "as given"]) })
      .describe("how errors are measured"),
    outcome: z.enum(["repaired", "failed", "unproven"]),
    reasons: z.array(z.string()).describe("why, in words"),
    maxDegradation: z.number().describe("the part by which the clean error was allowed to rise"),
    regressionError: z
      .object({
        before: z.number(),
        after: z.number(),
        interval: z
          .tuple([z.number(), z.number()])
          .nullable()
          .optional()
          .describe("where after / before - 1 lies over all such images, with 95 % confidence; since 1.2"),
      })
      .describe("RE: mean error on clean images"),
    triggers: z.array(
      z.object({
        family: z.string(),
        target: z.array(z.number()).describe("the estimated target, in the model's unit"),
        score: z.number(),
        before: backdoorErrorsSchema,
        after: backdoorErrorsSchema,
      }),
    ),
    movement: z
      .object({
        weights: z.number().int().describe("weights that could be trained"),
        relative: z.number().describe("||w' - w|| / ||w||"),
        largest: z.number().describe("max |w' - w|"),
      })
      .describe("how far the weights moved"),
    scans: z.object({
      before: scanSchema,
      after: scanSchema.nullable().describe("null when it was not asked for"),
    }),
    training: trainingSchema,
    responses: responsesSchema.optional().describe("since 1.1"),
    evidence: z.array(evidenceSchema).optional().describe("since 1.1"),
    warnings: z.array(z.string()),
    environment: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .describe("the result of `drmguard repair`");

/** The result of a repair. */
export type RepairReport = z.infer<typeof repairReportSchema>;
