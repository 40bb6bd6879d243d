/** The page: what was chosen, what is asked of the worker, and what it answers. */

import { version } from "../../package.json";
import type { ScanResult } from "../../src/report/result.ts";
import type { ImageFiles, ModelFiles, PageRequest } from "../messages.ts";
import { checkSentence, checkView } from "./check-view.ts";
import { type FoundFiles, type GivenFile, sortFiles } from "./choice.ts";
import { type Answer, createClient, type Report, type Work } from "./client.ts";
import { chosenFiles, droppedFiles } from "./drop.ts";
import { byId, definitions, make, show } from "./elements.ts";
import { loadExample } from "./example.ts";
import { withFieldNames } from "./flag-names.ts";
import { hasPickers, pickedFiles, pickedFolder } from "./pick.ts";
import { createProgress } from "./progress.ts";
import { type ShownRepair, showRepair } from "./repair-view.ts";
import { showResult } from "./result-view.ts";
import { saveFile } from "./save.ts";
import { prepareSettings, readSettings, SettingError } from "./settings.ts";

/** Everything that the page knows. */
const state: {
  model: ModelFiles | null;
  images: ImageFiles | null;
  /** Files that may belong to a model that is chosen later. */
  external: readonly File[];
  /** What was stopped and can be gone on with. */
  stopped: "scan" | "repair" | null;
  result: ScanResult | null;
  /** The report of it, as a page of its own. */
  report: string;
  /** Whether the result is of the model and images that are chosen. */
  isOwnResult: boolean;
  /** A repair that was done or opened. */
  repair: ShownRepair | null;
} = {
  model: null,
  images: null,
  external: [],
  stopped: null,
  result: null,
  report: "",
  isOwnResult: false,
  repair: null,
};

const form = byId("settings-form", HTMLFormElement);
const [startButton, stopButton, resumeButton, repairButton] = [
  byId("start", HTMLButtonElement),
  byId("stop", HTMLButtonElement),
  byId("resume", HTMLButtonElement),
  byId("start-repair", HTMLButtonElement),
];
const [fileInput, folderInput] = [byId("files", HTMLInputElement), byId("folder", HTMLInputElement)];
const progress = createProgress();
const client = createClient({ onReport, onAnswer });

/** What takes long, and is stopped before anything else is chosen; null when nothing such goes on. */
function longWork(): "scan" | "repair" | null {
  return client.pending().find((work) => work === "scan" || work === "repair") ?? null;
}

/** Says what is wrong; nothing takes it away. */
function alertOf(text: string | null): void {
  const box = byId("alert", HTMLElement);
  box.textContent = text ?? "";
  show(text !== null, box);
  if (text !== null) box.scrollIntoView({ block: "nearest" });
}

/** Milliseconds after the last change of a setting before the model is checked again. */
const settingsPause = 600;
let settingsTimer: number | undefined;

/** Draws everything that follows from the state. */
function refresh(): void {
  const { model, images, stopped, result, isOwnResult, repair } = state;
  const isLong = longWork() !== null;
  const chosen = byId("chosen", HTMLElement);
  show(model !== null || images !== null, chosen);
  chosen.replaceChildren(...definitions(chosenRows()).children);
  show(model !== null, byId("check", HTMLElement), byId("run", HTMLElement));
  startButton.textContent = stopped === null && !isOwnResult ? "Scan" : "Start again";
  startButton.disabled = model === null || images === null;
  show(!isLong, startButton);
  show(isLong, stopButton);
  show(!isLong && stopped !== null, resumeButton);
  byId("waiting", HTMLElement).textContent = images === null ? "Choose clean images to scan it." : "";
  show(result !== null, byId("result", HTMLElement));
  const canRepair = model !== null && images !== null && (result?.triggers?.length ?? 0) > 0;
  show(canRepair || repair !== null, byId("repair", HTMLElement));
  show(canRepair, byId("repair-work", HTMLElement));
  showRepair(repair);
  repairButton.disabled = isLong || !mayHaveLabels();
  byId("repair-text", HTMLElement).textContent = repairText();
  const choosers = document.querySelectorAll<HTMLButtonElement>("#choose button, [data-example]");
  for (const button of choosers) button.disabled = isLong;
  for (const field of form.elements) (field as HTMLInputElement).disabled = isLong;
}

/** What an archive holds is seen when it is read. */
function mayHaveLabels(): boolean {
  const { images } = state;
  return images !== null && (images.labels !== null || isArchive(images));
}

const isArchive = ({ name }: ImageFiles): boolean => /\.npz$/i.test(name);

function repairText(): string {
  const { result } = state;
  if (!mayHaveLabels()) {
    return "A repair trains on the true labels of the clean images: choose a folder with a labels.csv to repair the model.";
  }
  const doubt =
    result?.verdict === "backdoored" ? "" : "The scan found no backdoor: there may be nothing to repair. ";
  return `${doubt}The model is trained on the clean images with and without the reversed trigger, and scanned again. Only weights of the file change.`;
}

function chosenRows(): [string, string][] {
  const { model, images } = state;
  const size = (bytes: number): string =>
    bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const rows: [string, string][] = [];
  if (model !== null) {
    const beside =
      model.external.length === 0 ? "" : `, with ${model.external.map(({ name }) => name).join(", ")}`;
    rows.push(["Model", `${model.model.name}, ${size(model.model.size)}${beside}`]);
  }
  if (images !== null) {
    const { name, files, labels } = images;
    rows.push([
      "Clean images",
      isArchive(images)
        ? name
        : `${files.length} in ${name}, ${labels === null ? "without labels" : "with labels"}`,
    ]);
  }
  return rows;
}

/** Takes in what the user picks, if anything. */
async function takePicked(picked: Promise<GivenFile[] | null>): Promise<void> {
  try {
    const given = await picked;
    if (given !== null) take(given);
  } catch (error) {
    alertOf(`cannot read what was picked: ${error}`);
  }
}

/** Takes files in, whatever they are. */
function take(given: readonly GivenFile[]): void {
  if (longWork() !== null) {
    alertOf("Stop the work that is going on before you choose something else.");
    return;
  }
  takeFound(sortFiles(given));
}

function takeFound(found: FoundFiles): void {
  alertOf(null);
  if (found.problems.length > 0) {
    alertOf(found.problems.join("; "));
    return;
  }
  if (found.result !== null) {
    ask({ kind: "open", file: found.result });
    return;
  }
  const { model, images, labels } = found;
  const isModelNew = model !== null || (found.external.length > 0 && state.model !== null);
  if (model !== null) state.model = { ...model, external: [...model.external, ...state.external] };
  else if (found.external.length > 0 && state.model !== null) {
    const names = new Set(found.external.map(({ name }) => name));
    const kept = state.model.external.filter(({ name }) => !names.has(name));
    state.model = { ...state.model, external: [...kept, ...found.external] };
  } else if (found.external.length > 0) state.external = found.external;
  if (images !== null) state.images = images;
  if (labels !== null && state.images !== null) state.images = { ...state.images, labels };
  else if (labels !== null) alertOf("found a labels.csv alone, expected the images with it");
  chosenAnew();
  if (isModelNew) check();
}

/** What was found out is of another choice now. */
function chosenAnew(): void {
  state.stopped = null;
  state.isOwnResult = false;
  state.result = null;
  progress.hide();
  state.repair = null;
  refresh();
}

/** The settings, or null with a message when one cannot be read. */
function settingsOrAlert(): ReturnType<typeof readSettings> | null {
  try {
    return readSettings(form);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    alertOf(error.message);
    byId("settings", HTMLDetailsElement).open = true;
    return null;
  }
}

function ask(request: PageRequest): void {
  clearTimeout(settingsTimer);
  client.ask(request);
  refresh();
}

function check(): void {
  const settings = settingsOrAlert();
  if (state.model === null || settings === null) return;
  byId("check-text", HTMLElement).textContent = "Checking operators, features and gradient ...";
  byId("check-body", HTMLElement).replaceChildren();
  ask({ kind: "check", settings, model: state.model });
}

function scan(resume: boolean): void {
  const { model, images } = state;
  const settings = settingsOrAlert();
  if (model === null || images === null || settings === null) return;
  alertOf(null);
  state.stopped = null;
  state.result = null;
  state.isOwnResult = false;
  state.repair = null;
  progress.start();
  ask({ kind: "scan", settings, model, images, resume });
}

function repair(resume: boolean): void {
  const { model, images, result } = state;
  const settings = settingsOrAlert();
  if (model === null || images === null || result === null || settings === null) return;
  alertOf(null);
  state.stopped = null;
  state.repair = null;
  progress.start();
  ask({ kind: "repair", settings, model, images, result, resume });
}

function onReport(report: Report): void {
  switch (report.kind) {
    case "runtime":
      progress.engine(report);
      return;
    case "plan":
      progress.plan(report.phases);
      return;
    case "event":
      // A check has no steps, and its phases are over before they can be read.
      if (client.pending()[0] !== "check") progress.event(report.event);
      return;
    case "sketch":
      progress.sketch(report.sketch);
  }
}

function onAnswer(message: Answer, work: Work): void {
  switch (message.kind) {
    case "checked":
      byId("check-text", HTMLElement).textContent = checkSentence(message.report);
      byId("check-body", HTMLElement).replaceChildren(checkView(message.report));
      break;
    case "scanned":
    case "opened":
      state.result = message.result;
      state.report = message.html;
      state.repair = null;
      state.isOwnResult = message.kind === "scanned";
      progress.end(message.kind === "scanned" ? "The scan is done." : "");
      if (message.kind === "opened") progress.hide();
      refresh();
      showResult(message.result, message.html);
      byId("result-title", HTMLElement).focus();
      break;
    case "openedRepair":
      chosenAnew();
      state.repair = message;
      break;
    case "repaired":
      progress.end("The repair is done.");
      state.repair = message;
      break;
    case "failed":
      onFailure(message, work);
  }
  refresh();
}

function onFailure({ code, message, hint }: Extract<Answer, { kind: "failed" }>, work: Work): void {
  const isLong = work === "scan" || work === "repair";
  if (code === "E_INTERRUPTED") {
    if (!isLong) return;
    state.stopped = work;
    progress.end("Stopped.");
    return;
  }
  const text = withFieldNames(`${message} [${code}]${hint === null ? "" : `. ${hint}`}`);
  if (work === "check") {
    byId("check-text", HTMLElement).textContent = "This model cannot be scanned:";
    byId("check-body", HTMLElement).replaceChildren(make("p", { class: "problem" }, text));
    return;
  }
  if (isLong) progress.end(work === "scan" ? "The scan failed." : "The repair failed.");
  alertOf(text);
}

function listen(): void {
  const choosers = [
    ["pick-files", pickedFiles, fileInput],
    ["pick-folder", pickedFolder, folderInput],
  ] as const;
  for (const [id, picked, input] of choosers) {
    byId(id, HTMLButtonElement).addEventListener("click", () => {
      if (hasPickers()) void takePicked(picked());
      else input.click();
    });
  }
  for (const input of [fileInput, folderInput]) {
    input.addEventListener("change", () => {
      take(chosenFiles(input));
      // The same files may be chosen again.
      input.value = "";
    });
  }
  const drop = byId("drop", HTMLElement);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer === null) return;
    droppedFiles(event.dataTransfer).then(take, (error: unknown) =>
      alertOf(`cannot read what was dropped: ${error}`),
    );
  });
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-example]")) {
    button.addEventListener("click", () => void takeExample(button.dataset.example!));
  }
  startButton.addEventListener("click", () => scan(false));
  resumeButton.addEventListener("click", () => (state.stopped === "repair" ? repair(true) : scan(true)));
  stopButton.addEventListener("click", () => {
    byId("phase", HTMLElement).textContent = "stopping after this step ...";
    client.stop();
  });
  repairButton.addEventListener("click", () => repair(false));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    alertOf(null);
    clearTimeout(settingsTimer);
    settingsTimer = window.setTimeout(check, settingsPause);
  });
  byId("save-result", HTMLButtonElement).addEventListener("click", () => {
    saveFile("result.json", `${JSON.stringify(state.result, null, 2)}\n`, "application/json");
  });
  byId("save-report", HTMLButtonElement).addEventListener("click", () => {
    saveFile("report.html", state.report, "text/html");
  });
}

async function takeExample(name: string): Promise<void> {
  alertOf(null);
  const label = byId("example-label", HTMLElement);
  const usual = label.textContent!;
  label.textContent = "Loading the example ...";
  try {
    const { model, images } = await loadExample(name);
    state.model = model;
    state.images = images;
    chosenAnew();
    check();
  } catch (error) {
    alertOf(`cannot load the example: ${error instanceof Error ? error.message : error}`);
  } finally {
    label.textContent = usual;
  }
}

byId("version", HTMLElement).textContent = version;
prepareSettings(form, new URLSearchParams(location.search));
listen();
refresh();
