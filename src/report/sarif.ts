/** A result as SARIF 2.1.0 (OASIS), for code scanning. */
import { crc32 } from "../data/crc32.ts";
import { numberText } from "./number-text.ts";
import type { ScanResult } from "./result.ts";
import {
  backdoorRuleId,
  inconclusiveRuleId,
  type SarifLevel,
  type SarifRule,
  sarifRules,
  triggerWords,
  warningRuleId,
} from "./sarif-rules.ts";
import { type Interval, type Suspect, scoreInterval, suspectsOf } from "./suspects.ts";
import { printable } from "./table.ts";

/** Where a file lies. */
export interface SarifLocation {
  /** Percent-encoded; relative to the root of the repository, or absolute. */
  readonly uri: string;
  readonly isRelative: boolean;
}

/** What a SARIF file says that is not in the result. */
export interface SarifContext {
  /** Where the model lies. */
  readonly location: SarifLocation;
  /** What the scan exits with. */
  readonly exitCode: number;
  /** The tool's page; null for none. */
  readonly homepage: string | null;
}

/** A SARIF log with one run. */
export interface SarifLog {
  readonly $schema: string;
  readonly version: "2.1.0";
  readonly runs: readonly [object];
}

/** Files that are given relative to the repository's root are relative to this. */
const rootId = "%SRCROOT%";
/** GitHub treats results as security alerts by this; from 7.0 they are "high" (github.com/docs, "SARIF support"). */
const backdoorSeverity = "8.0";

/** A finding before it is put in SARIF's words. */
interface Finding {
  readonly ruleId: string;
  readonly level: SarifLevel;
  readonly message: string;
  /** What tells it from others of the same rule on the same model. */
  readonly identity: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/**
 * Writes a result as a SARIF log with one run.
 *
 * A benign model has no result that speaks against it: GitHub shows results of kind `pass` as alerts, so the verdict is a notification of
 * the run and stands in its properties.
 *
 * @param result the result of a scan
 */
export function resultSarif(result: ScanResult, context: SarifContext): SarifLog {
  const { location } = context;
  const { model, tool } = result;
  const artifact = { uri: location.uri, ...(location.isRelative ? { uriBaseId: rootId } : {}) };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "DRMGuard",
            version: tool.version,
            semanticVersion: tool.version,
            ...(context.homepage === null ? {} : { informationUri: context.homepage }),
            rules: sarifRules.map(descriptorOf),
          },
        },
        // Each model is a category of its own, or the upload of one would close the alerts of another.
        automationDetails: { id: `drmguard/${location.uri}/` },
        invocations: [invocationOf(result, context.exitCode)],
        ...(location.isRelative
          ? { originalUriBaseIds: { [rootId]: { description: { text: "The root of the repository." } } } }
          : {}),
        artifacts: [
          {
            location: artifact,
            length: model.bytes,
            roles: ["analysisTarget"],
            mimeType: "application/octet-stream",
            hashes: { "sha-256": model.sha256 },
          },
        ],
        results: findingsOf(result).map((finding) => ({
          ruleId: finding.ruleId,
          ruleIndex: sarifRules.findIndex(({ id }) => id === finding.ruleId),
          level: finding.level,
          message: { text: finding.message },
          locations: [
            { physicalLocation: { artifactLocation: { ...artifact, index: 0 }, region: wholeFile } },
          ],
          partialFingerprints: fingerprintsOf(model.sha256, finding),
          properties: finding.properties,
        })),
        columnKind: "utf16CodeUnits",
        properties: summaryOf(result),
      },
    ],
  };
}

/** A binary file has no lines; GitHub wants all four. */
const wholeFile = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 2 };

function descriptorOf({ id, name, short, full, help, level }: SarifRule): object {
  return {
    id,
    name,
    shortDescription: { text: short },
    fullDescription: { text: full },
    defaultConfiguration: { level },
    help: { text: help.join("\n").replaceAll("`", ""), markdown: help.join("\n\n") },
    properties: {
      tags: ["security", "machine-learning", "backdoor"],
      ...(level === "error" ? { "security-severity": backdoorSeverity } : {}),
    },
  };
}

/** The run of the tool: that it came to its end, when, and with which verdict. */
function invocationOf(result: ScanResult, exitCode: number): object {
  const end = new Date(result.createdAt);
  const notification = {
    level: "note",
    message: { text: messageText(`${modelName(result)} is ${result.verdict}: ${result.reasons.join("; ")}`) },
  };
  return {
    executionSuccessful: true,
    exitCode,
    exitCodeDescription: result.verdict,
    startTimeUtc: new Date(end.getTime() - 1000 * result.seconds).toISOString(),
    endTimeUtc: end.toISOString(),
    toolExecutionNotifications: [notification],
  };
}

function findingsOf(result: ScanResult): Finding[] {
  const warnings = result.warnings.map(
    (warning): Finding => ({
      ruleId: warningRuleId,
      level: "note",
      message: messageText(warning),
      // Another seed measures other numbers, and it is still the same warning.
      identity: warning.replaceAll(/\d+(\.\d+)?(e[+-]?\d+)?/g, "#"),
      properties: {},
    }),
  );
  const suspects = suspectsOf(result).map((suspect) => backdoorOf(result, suspect));
  return [...suspects, ...(result.verdict === "inconclusive" ? [doubtOf(result)] : []), ...warnings];
}

function backdoorOf(result: ScanResult, { kind, score, interval, target }: Suspect): Finding {
  const named = target.map((value, j) => ({ name: result.target[j]?.name ?? `output ${j}`, value }));
  const where = named.map(({ name, value }) => `${name} ${numberText(value)}`).join(", ");
  return {
    ruleId: backdoorRuleId(kind),
    level: "error",
    message: messageText(
      `${modelName(result)} is backdoored: ${triggerWords(kind)} draws the outputs of all clean images to ${where} ` +
        `(${scoreText(score, interval, result.threshold)}). ${reasonsText(result)}`,
    ),
    identity: "",
    properties: {
      score,
      interval,
      threshold: result.threshold,
      margin: score / result.threshold,
      target: named,
    },
  };
}

function doubtOf(result: ScanResult): Finding {
  const { score, threshold, margin, target } = result;
  const interval = scoreInterval(result);
  return {
    ruleId: inconclusiveRuleId,
    level: "warning",
    message: messageText(
      `The scan of ${modelName(result)} is inconclusive (${scoreText(score, interval, threshold)}). ${reasonsText(result)}`,
    ),
    identity: "",
    properties: { score, interval, threshold, margin, target },
  };
}

function summaryOf(result: ScanResult): object {
  const { verdict, score, threshold, margin, target, method, seed, reasons, notChecked, benign } = result;
  return {
    verdict,
    score,
    interval: scoreInterval(result),
    threshold,
    margin,
    target,
    method,
    seed,
    images: benign.count,
    reasons,
    notChecked,
  };
}

function scoreText(score: number, interval: Interval | null, threshold: number): string {
  const range =
    interval === null ? "" : `, interval ${numberText(interval.low)} to ${numberText(interval.high)}`;
  return `score ${numberText(score)}${range}, threshold ${numberText(threshold)}`;
}

/** A first sentence stands before it, which is all that GitHub shows in lists. */
const reasonsText = ({ reasons }: ScanResult): string => `Reasons: ${reasons.join("; ")}.`;

const modelName = ({ model }: ScanResult): string => model.path.split(/[\\/]/).at(-1)!;

/**
 * Text as the message of a result. `[text](target)` is a link and `{0}` a placeholder in SARIF (3.11.5, 3.11.6), and names come from
 * untrusted models.
 */
function messageText(text: string): string {
  return printable(text)
    .replaceAll("](", "] (")
    .replaceAll(/\{(?=\d+\})/g, "{ ");
}

/** As many digits of the model's hash as tell models apart. */
const hashDigits = 32;

/**
 * The same for the same finding on the same file, whatever the seed measured. GitHub goes by the first, whose form is that of a hash and
 * a count.
 */
function fingerprintsOf(sha256: string, { ruleId, identity }: Finding): Record<string, string> {
  const rule = crc32(new TextEncoder().encode(`${ruleId}\n${identity}`))
    .toString(16)
    .padStart(8, "0");
  const value = `${sha256.slice(0, hashDigits)}${rule}`;
  return { primaryLocationLineHash: `${value}:1`, "modelAndRule/v1": value };
}
