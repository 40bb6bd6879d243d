/** The form of settings. */
import { DrmGuardError } from "../../src/errors.ts";
import type { MethodName } from "../../src/identification/methods.ts";
import type { MitigationName } from "../../src/mitigation/methods.ts";
import { type HeldInputs, parseHeldInputs } from "../../src/models/held-inputs.ts";
import type { ScanSettings } from "../messages.ts";
import { byId, make } from "./elements.ts";

/** The methods in the order of the form; the first is the default. */
const methods: Readonly<Record<MethodName, string>> = {
  contrast: "contrast (the default)",
  paper: "paper",
  "neural-cleanse": "neural-cleanse",
  "feature-re": "feature-re",
};

/** Ways of repairing in the order of the form; the first is the default. */
const mitigations: Readonly<Record<MitigationName, string>> = {
  unlearning: "unlearning (the default)",
  "fine-tuning": "fine-tuning",
  "fine-pruning": "fine-pruning",
  anp: "anp",
};

/** What a setting is that cannot be read. */
export class SettingError extends Error {}

/** Fills the form: the methods, and what the address asks for, as `?options=steps=50&seed=1`. */
export function prepareSettings(form: HTMLFormElement, address: URLSearchParams): void {
  for (const [id, choices] of Object.entries({ method: methods, mitigation: mitigations })) {
    const options = Object.entries(choices).map(([value, text]) => make("option", { value }, text));
    byId(id, HTMLSelectElement).append(...options);
  }
  for (const [name, value] of address) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
  }
}

/**
 * What the form says.
 *
 * Throws a SettingError for what cannot be read.
 */
export function readSettings(form: HTMLFormElement): ScanSettings {
  // Not by FormData, which leaves out what is disabled, as all is while a scan goes on.
  const text = (name: string): string | null => {
    const field = form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
    return field.value.trim() || null;
  };
  const minutes = numberIn("the time", text("minutes"), (value) => value > 0);
  const percent = numberIn("the rise of the clean error", text("maxDegradation"), (value) => value > 0);
  return {
    preprocessing: {
      mean: numbersIn("the mean", text("mean")),
      std: numbersIn("the standard deviation", text("std"), (value) => value > 0),
      scale: numberIn("white", text("scale"), (value) => value > 0),
      layout: text("layout") as "nchw" | "nhwc" | null,
      channels: text("channels") as "rgb" | "bgr" | "gray" | null,
      held: heldIn(text("hold")),
    },
    size: sizeIn(text("size")),
    features: text("features"),
    outputs:
      text("outputs")
        ?.split(",")
        .map((part) => part.trim()) ?? null,
    seed: wholeIn("the seed", text("seed"), 0) ?? 0,
    timeBudget: minutes === null ? null : 60 * minutes,
    method: text("method") as MethodName,
    options: text("options") ?? "",
    repair: {
      method: text("mitigation") as MitigationName,
      options: text("repairOptions") ?? "",
      maxDegradation: percent === null ? null : percent / 100,
    },
    runtime: {
      provider: text("provider") as ScanSettings["runtime"]["provider"],
      threads: wholeIn("threads", text("threads"), 1),
    },
  };
}

function numberIn(what: string, text: string | null, isGood: (value: number) => boolean): number | null {
  if (text === null) return null;
  const value = Number(text);
  if (Number.isFinite(value) && isGood(value)) return value;
  throw new SettingError(`found "${text}" for ${what}, expected a number above 0`);
}

function wholeIn(what: string, text: string | null, least: number): number | null {
  if (text === null) return null;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new SettingError(`found "${text}" for ${what}, expected a whole number of at least ${least}`);
}

function numbersIn(
  what: string,
  text: string | null,
  isGood: (value: number) => boolean = () => true,
): number[] | null {
  if (text === null) return null;
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.every((value) => Number.isFinite(value) && isGood(value))) return values;
  throw new SettingError(`found "${text}" for ${what}, expected numbers such as 0.485, 0.456, 0.406`);
}

function heldIn(text: string | null): HeldInputs | null {
  if (text === null) return null;
  try {
    return parseHeldInputs(text);
  } catch (error) {
    if (error instanceof DrmGuardError) throw new SettingError(error.message);
    throw error;
  }
}

function sizeIn(text: string | null): [height: number, width: number] | null {
  if (text === null) return null;
  const match = /^(\d+)(?:\s*[x×]\s*(\d+))?$/i.exec(text);
  const [height, width] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (height > 0 && width > 0) return [height, width];
  throw new SettingError(`found "${text}" for the size, expected height x width in pixels, such as 64x64`);
}
