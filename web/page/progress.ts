/** Work in progress: what is done, how long it will take, what the search has. */
import type { PlannedPhase, WorkEvent } from "../../src/loops/work.ts";
import type { Picture, Sketch, WorkerMessage } from "../messages.ts";
import { createCurves } from "./curves.ts";
import { byId, make, show } from "./elements.ts";
import { createTimeLeft, durationText } from "./time-left.ts";

/** Shows progress. */
export interface Progress {
  /** Begins anew. */
  start(): void;
  plan(phases: readonly PlannedPhase[]): void;
  event(event: WorkEvent): void;
  sketch(sketch: Sketch): void;
  engine(runtime: Extract<WorkerMessage, { kind: "runtime" }>): void;
  /** Ends it; what was drawn stays. */
  end(text: string): void;
  hide(): void;
}

/** Milliseconds between two times that a screen reader is told how far it is. */
const liveInterval = 30_000;

/** The part of the page that shows progress. */
export function createProgress(): Progress {
  const [panel, phase, left, engine, live, remarks, figure, caption] = [
    byId("progress", HTMLElement),
    byId("phase", HTMLElement),
    byId("left", HTMLElement),
    byId("engine", HTMLElement),
    byId("live", HTMLElement),
    byId("remarks", HTMLElement),
    byId("sketch", HTMLElement),
    byId("sketch-caption", HTMLElement),
  ];
  const bar = byId("bar", HTMLProgressElement);
  const curves = createCurves(byId("curves", HTMLElement));
  let timeLeft = createTimeLeft([]);
  let lastSaid = 0;
  const said = new Set<string>();
  const sayLive = (text: string): void => {
    live.textContent = text;
    lastSaid = Date.now();
  };
  const remark = (text: string, kind: string): void => {
    if (said.has(text)) return;
    said.add(text);
    remarks.append(make("li", { class: kind }, text));
  };
  return {
    start() {
      timeLeft = createTimeLeft([]);
      said.clear();
      curves.clear();
      remarks.replaceChildren();
      phase.textContent = "starting";
      left.textContent = "";
      bar.removeAttribute("value");
      show(false, figure);
      show(true, panel, bar);
    },
    plan(phases) {
      timeLeft = createTimeLeft(phases);
    },
    engine({ name, provider, threads, remarks: found }) {
      const how =
        provider === "webgpu" ? "WebGPU" : `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}`;
      engine.textContent = `${name.replace("onnxruntime-web", "ONNX Runtime")} (${how})`;
      for (const text of found) remark(text, "note");
    },
    event(event) {
      if (event.kind === "warning" || event.kind === "note") {
        remark(event.message, event.kind);
        return;
      }
      phase.textContent = event.phase;
      if (event.kind === "phase") {
        if (event.steps === 0) bar.removeAttribute("value");
        left.textContent = "";
        sayLive(event.phase);
        return;
      }
      curves.add(event.values);
      const place = timeLeft.follow(event);
      bar.value = place.done ?? 0;
      const percent = `${Math.floor(100 * (place.done ?? 0))} %`;
      const time = place.left === null ? "" : `, ${durationText(place.left)} left`;
      phase.textContent = `${event.phase}, step ${event.step} of ${event.steps}`;
      left.textContent = percent + time;
      if (Date.now() - lastSaid > liveInterval) sayLive(`${event.phase}, ${percent}${time}`);
    },
    sketch({ family, clean, reversed, difference, strength }) {
      drawPicture("sketch-clean", clean);
      drawPicture("sketch-reversed", reversed);
      drawPicture("sketch-difference", difference);
      byId("sketch-strength", HTMLElement).textContent =
        strength === 1 ? "difference" : `difference x ${strength}`;
      caption.textContent = `The cheapest ${family} trigger that the search has so far, on the first image.`;
      show(true, figure);
    },
    end(text) {
      phase.textContent = text;
      left.textContent = "";
      curves.finish();
      sayLive(text);
      show(false, bar);
    },
    hide: () => show(false, panel),
  };
}

function drawPicture(id: string, { width, height, bytes }: Picture): void {
  const canvas = byId(id, HTMLCanvasElement);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d")!.putImageData(new ImageData(bytes, width, height), 0, 0);
}
