/** The command that makes a result again. */
import { calibratedDefaults, methodNames, prepareMethod, presetOfResult } from "../identification/methods.ts";
import { heldInputsText } from "../models/held-inputs.ts";
import { defaultPreprocessing } from "../models/preprocessing.ts";
import { noFeatures } from "../models/split.ts";
import type { ScanResult } from "./result.ts";
import { printable } from "./table.ts";

/** What a result does not hold, and the command so lacks where it was given. */
export const notInCommand = "--features, --time-budget and --cache-dir";

/** Parts of a shell command that need no quotes. */
const plain = /^[\w@%+=:,./-]+$/;

const isFromBrowser = ({ environment }: ScanResult): boolean =>
  environment.runtime.startsWith("onnxruntime-web");

/**
 * The command line that repeats a scan, for a POSIX shell. Options that are the defaults of this version are left out.
 *
 * @param result the result of the scan
 */
export function repeatCommand(result: ScanResult): string {
  const { model, benign, method, preset, seed, environment, calibration, task } = result;
  const [, , height, width] = benign.shape;
  // Names with a comma cannot be told apart in the list.
  const outputs = model.outputs.some((name) => name.includes(","))
    ? []
    : ["--outputs", model.outputs.join(",")];
  const words = [
    ...["drmguard", "scan", argument(model.path), "--benign", argument(benign.path)],
    // A classifier's options are those of its task.
    ...["--method", method, ...(task === "classification" ? ["--task", task] : presetFlag(preset))],
    ...setOptions(result),
    ...(calibration?.references ?? []).flatMap(({ path }) => ["--reference", argument(path)]),
    ...preprocessingFlags(result),
    ...(height === undefined || width === undefined ? [] : ["--size", `${height}x${width}`]),
    ...outputs,
    // Which one was named is not in the result; that none was wanted is.
    ...(model.features.length === 0 ? ["--features", noFeatures] : []),
    ...["--seed", String(seed), "--threads", String(environment.threads)],
    // A browser's are not those of the command line.
    ...(environment.provider === "cpu" || isFromBrowser(result) ? [] : ["--provider", environment.provider]),
  ];
  return words.map(quoted).join(" ");
}

const presetFlag = (preset: string | null): string[] => (preset === null ? [] : ["--preset", preset]);

/** A path that begins with a dash would be a flag. */
const argument = (path: string): string => (path.startsWith("-") ? `./${path}` : path);

/** A word for a POSIX shell. */
function quoted(word: string): string {
  const shown = printable(word);
  return plain.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}

function setOptions(result: ScanResult): string[] {
  const { method, preset, options, target, calibration, task, benign } = result;
  const name = methodNames.find((each) => each === method);
  const [, , height = 1, width = 1] = benign.shape;
  const subject = { dimension: target.length, pixels: height * width };
  const isCalibrated = calibration !== undefined && calibration.threshold !== null;
  const defaults =
    name === undefined
      ? {}
      : {
          ...prepareMethod(name, presetOfResult(preset), subject, {}, task).options,
          ...(isCalibrated ? calibratedDefaults(name) : {}),
        };
  const text = (value: unknown): string => (Array.isArray(value) ? value.join(":") : String(value));
  // References were scanned by the method's own threshold, and will give the calibrated one again.
  const given =
    calibration === undefined ? options : { ...options, [calibration.option]: calibration.ownThreshold };
  return Object.entries(given)
    .filter(([option, value]) => text(defaults[option]) !== text(value))
    .flatMap(([option, value]) => ["--set", `${option}=${text(value)}`]);
}

function preprocessingFlags({ preprocessing }: ScanResult): string[] {
  const names = ["scale", "mean", "std", "layout", "channels"] as const;
  return names
    .filter((name) => String(preprocessing[name]) !== String(defaultPreprocessing[name]))
    .flatMap((name) => [`--${name}`, String(preprocessing[name])])
    .concat(preprocessing.held === undefined ? [] : ["--hold", heldInputsText(preprocessing.held)]);
}
