/** What SARIF files must be: the official schema, and what GitHub asks for beyond it. */
// SARIF 2.1.0 of OASIS (release rtm.5), as Microsoft's SDK for SARIF ships it.
import schema from "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" with { type: "json" };
import Ajv from "ajv-draft-04";
import formats from "ajv-formats";

/** The parts of a log that tests look into. */
export interface ReadLog {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly rules: readonly ReadRule[]; readonly informationUri?: string };
    };
    readonly automationDetails: { readonly id: string };
    readonly invocations: readonly Record<string, unknown>[];
    readonly artifacts: readonly { readonly hashes: Record<string, string>; readonly location: object }[];
    readonly results: readonly ReadFinding[];
    readonly properties: Record<string, unknown>;
  }[];
}

interface ReadRule {
  readonly id: string;
  readonly name: string;
  readonly shortDescription: { readonly text: string };
  readonly fullDescription: { readonly text: string };
  readonly help: { readonly text: string; readonly markdown: string };
  readonly helpUri?: string;
}

/** One result of a log. */
export interface ReadFinding {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind?: string;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
      readonly region: Record<string, number>;
    };
  }[];
  readonly partialFingerprints: Record<string, string>;
  readonly properties: Record<string, unknown>;
}

const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false });
formats.default(ajv);
const isSarif = ajv.compile(schema);

/** Everything in which a value is no SARIF 2.1.0 by the official schema. */
export function schemaProblems(value: unknown): string[] {
  if (isSarif(value)) return [];
  return isSarif.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** The most characters of a description, and of a rule's name. */
const [longestDescription, longestName] = [1024, 255];

/**
 * Everything that GitHub's code scanning asks for and a log lacks: the properties that are marked as required in its documentation,
 * "SARIF support for code scanning", none of which may be empty.
 */
export function githubProblems({ runs }: ReadLog): string[] {
  const problems: string[] = [];
  const want = (isFine: boolean, what: string): void => void (isFine || problems.push(what));
  const isText = (text: unknown): boolean => typeof text === "string" && text.trim() !== "";
  for (const { tool, results } of runs) {
    for (const { id, name, shortDescription, fullDescription, help } of tool.driver.rules) {
      want(isText(id) && isText(help.text), `rule ${id}`);
      want(name.length <= longestName, `name of ${id}`);
      for (const { text } of [shortDescription, fullDescription]) {
        want(isText(text) && text.length <= longestDescription, `description of ${id}`);
      }
    }
    for (const { ruleId, ruleIndex, message, locations, partialFingerprints } of results) {
      want(tool.driver.rules[ruleIndex]?.id === ruleId, `index of ${ruleId}`);
      want(isText(message.text), `message of ${ruleId}`);
      want(isText(partialFingerprints.primaryLocationLineHash), `fingerprint of ${ruleId}`);
      want(locations.length > 0, `location of ${ruleId}`);
      for (const { physicalLocation } of locations) {
        want(isText(physicalLocation.artifactLocation.uri), `uri of ${ruleId}`);
        for (const end of ["startLine", "startColumn", "endLine", "endColumn"]) {
          want(physicalLocation.region[end]! > 0, `${end} of ${ruleId}`);
        }
      }
    }
  }
  return problems;
}
