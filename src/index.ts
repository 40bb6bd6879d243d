/** DRMGuard for programs: everything here runs in Node and in browsers. What needs Node is in `drmguard/node`. */
export { adaptiveDefaults, conePenalty } from "./attacks/adaptive.ts";
export { applyCrossTrigger, applyTriggerTo } from "./attacks/apply.ts";
export {
  type CleanLabelAttack,
  type CleanLabelOptions,
  cleanLabelDefaults,
  poisonCleanLabel,
} from "./attacks/clean-label.ts";
export {
  type InputAwareAttack,
  type InputAwareSetup,
  prepareInputAware,
} from "./attacks/input-aware/attack.ts";
export type { InputAwareTrigger } from "./attacks/input-aware/trigger.ts";
export {
  type KnownBackdoor,
  type ModelMeasurement,
  measureModel,
} from "./attacks/measure.ts";
export {
  type Attack,
  type AttackOptions,
  attackDefaults,
  type InputAwareMaskOptions,
  type InputAwareOptions,
  type StampedAttack,
} from "./attacks/options.ts";
export { type PgdOptions, perturb, pgdDefaults, type Surrogate } from "./attacks/pgd.ts";
export {
  type AttackPlan,
  type AttackRequest,
  type InstalledBackdoor,
  type PlannedAttack,
  type PlannedOptions,
  type PlanSetup,
  planAttacks,
  plannedDefaults,
} from "./attacks/plan.ts";
export {
  type Backdoor,
  type BatchRows,
  type PoisonedSet,
  poisonedBatches,
  poisonSet,
  type RowRange,
  rowsOfBatch,
  warnOfTargets,
} from "./attacks/poison.ts";
export {
  applyNoise,
  applyTrigger,
  loadedTrigger,
  makeTrigger,
  type StampedTrigger,
  savedTrigger,
  type Trigger,
} from "./attacks/trigger.ts";
export type { ImageSet } from "./data/image-set.ts";
export { DrmGuardError, type ErrorCode } from "./errors.ts";
export { identifyByContrast } from "./identification/contrast/identify.ts";
export { type ContrastOptions, contrastDefaults } from "./identification/contrast/options.ts";
export { type FamilyName, familyNames } from "./identification/families/families.ts";
export { identifyByFeatureRe } from "./identification/feature-re/identify.ts";
export {
  type FeatureReOptions,
  featureReChoices,
  featureReDefaults,
} from "./identification/feature-re/options.ts";
export type {
  ContrastFinding,
  ContrastMap,
  EvidenceImage,
  Identification,
  IdentificationSetup,
  TargetCost,
  TermSample,
  Verdict,
} from "./identification/identification.ts";
export { identifyByNeuralCleanse } from "./identification/neural-cleanse/identify.ts";
export { type NeuralCleanseOptions, neuralCleanseDefaults } from "./identification/neural-cleanse/options.ts";
export { identifyByPaper } from "./identification/paper/identify.ts";
export {
  type PaperOptions,
  paperChoices,
  paperDefaults,
  paperPresets,
  presetFor,
} from "./identification/paper/options.ts";
export { predict } from "./identification/predict.ts";
export { memoryArchive } from "./loops/memory-archive.ts";
export type { CheckpointArchive, CheckpointStore, SavedState, Work, WorkEvent } from "./loops/work.ts";
export { type BackdoorMetrics, backdoorMetrics, type ModelResponses } from "./metrics/backdoor-metrics.ts";
export {
  type ClassErrorMeasure,
  classErrorMeasure,
  type ErrorMeasure,
  errorMeasureFor,
  type LabelUnit,
  meanRegressionError,
  type RegressionErrorMeasure,
  regressionErrors,
} from "./metrics/regression-error.ts";
export { type CheckOptions, type CheckReport, checkModel } from "./models/check.ts";
export { applyModel, type Examination, type ExaminedModel, examine } from "./models/examined-model.ts";
export { type ImportedModel, importModel } from "./models/import.ts";
export { exportNetwork, type NetworkDescription } from "./models/networks/export.ts";
export { frozenNetwork } from "./models/networks/frozen.ts";
export {
  type Architecture,
  architectures,
  initializeNetwork,
  type NetworkArrays,
  type NetworkOptions,
  networkDefaults,
  parameterCount,
} from "./models/networks/network.ts";
export {
  defaultPreprocessing,
  type Preprocessing,
  type PreprocessingHints,
  resolvePreprocessing,
} from "./models/preprocessing.ts";
export { respond } from "./models/respond.ts";
export { createRandom, type Random, resumeRandom } from "./random.ts";
export type { ChartDocument, ReportContext } from "./report/chart-document.ts";
export { type Change, diffResults, type ResultDiff } from "./report/diff.ts";
export { diffHtml } from "./report/diff-html.ts";
export { diffMarkdown } from "./report/diff-markdown.ts";
export { diffTable } from "./report/diff-table.ts";
export { resultHtml } from "./report/html.ts";
export { resultMarkdown } from "./report/markdown.ts";
export { readResult } from "./report/read-result.ts";
export { repairHtml } from "./report/repair-html.ts";
export { repairMarkdown } from "./report/repair-markdown.ts";
export type { RepairReport } from "./report/repair-report.ts";
export { repairTable } from "./report/repair-table.ts";
export { resultJsonSchema, resultSchemaVersion, type ScanResult } from "./report/result.ts";
export { resultSarif, type SarifContext, type SarifLocation, type SarifLog } from "./report/sarif.ts";
export { plainColors, resultTable, type TextColors } from "./report/table.ts";
export { type BackdoorReport, readTrainingReport, type TrainingReport } from "./report/training-report.ts";
export { trainingTable } from "./report/training-table.ts";
export { compile, type Program, toModel } from "./runtime/compile.ts";
export type { Arrays, Runtime, Session } from "./runtime/runtime.ts";
export type { Companion, CompanionInProgram, CompanionInputs } from "./training/companion.ts";
export { type TrainingOptions, type TrainingRecipe, trainingRecipes, withSteps } from "./training/options.ts";
export {
  type BatchSource,
  batchesOf,
  type Evaluation,
  type TrainedNetwork,
  type TrainingBatch,
  type TrainingRun,
  trainNetwork,
} from "./training/train.ts";
export type { EncodePng, Host, ImageSource, LoadedModel } from "./workflows/host.ts";
export {
  type ModelCopies,
  repairModel,
} from "./workflows/repair-model.ts";
export { type RepairOptions, repairDefaults } from "./workflows/repair-options.ts";
export { scanModel } from "./workflows/scan-model.ts";
export type { ScanOptions } from "./workflows/scan-options.ts";
