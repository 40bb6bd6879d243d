/** A result as one HTML file: no network, no script, everything that it shows is in the result that it carries. */
import type { ReportContext } from "./chart-document.ts";
import { findingHead, findingRows, mapHead, mapRows } from "./contrast-table.ts";
import { numberText } from "./number-text.ts";
import type { ResultEvidence, ScanResult } from "./result.ts";
import { evidenceRows, presetText } from "./table.ts";
import { termChart } from "./term-chart.ts";

/**
 * Text that is safe between tags and in attributes. Names in a result come from untrusted models.
 *
 * @param text anything
 */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

const style = `
:root { color-scheme: light dark; --line: #8886; --dim: #777; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; } h2 { font-size: 1.05rem; margin-top: 2rem; }
.verdict { display: inline-block; padding: .1rem .6rem; border-radius: .3rem; color: #fff; }
.benign { background: #1a7f37; } .backdoored { background: #b3261e; } .inconclusive { background: #8a6100; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; } .dim, figcaption { color: var(--dim); font-size: .85rem; }
.scroll { overflow-x: auto; } .evidence img { width: 128px; height: auto; image-rendering: pixelated; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } svg { max-width: 100%; height: auto; } code { overflow-wrap: anywhere; }
`;

/**
 * Draws a result as an HTML page that works from a file. All that it shows is in the result; the same result gives the same page.
 *
 * In a browser: `resultHtml(result, { document })`. In Node: `resultHtml(result, { document: await chartDocument() })`.
 *
 * @param result the result, also of an older version of the schema
 * @param context what charts are drawn with; nothing of it is changed
 */
export function resultHtml(result: ScanResult, _context: ReportContext): string {
  const { model, verdict } = result;
  const title = `DRMGuard: ${model.path} is ${verdict}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(model.path)} <span class="verdict ${verdict}">${verdict}</span></h1>
${list(result.reasons)}
${warnings(result)}
<h2>Evidence</h2>
<div class="scroll"><table>${evidenceRows(result)
    .map(([what, value, meaning]) =>
      row(cell(what), `<td class="number">${escapeHtml(value)}</td>`, dimCell(meaning)),
    )
    .join("")}</table></div>
${contrastTables(result)}
<h2>Loss terms over time</h2>
${charts(result)}
<h2>Images</h2>
${images(result.evidence)}
<h2>Not checked</h2>
${list(result.notChecked)}
<h2>How it was made</h2>
<div class="scroll"><table>${provenance(result)
    .map(([what, value]) => row(cell(what), `<td><code>${escapeHtml(value)}</code></td>`))
    .join("")}</table></div>
<p><a download="result.json" href="data:application/json;base64,${base64(JSON.stringify(result))}">result.json</a></p>
</body>
</html>
`;
}

const row = (...cells: string[]): string => `<tr>${cells.join("")}</tr>`;
const cell = (text: string): string => `<td>${escapeHtml(text)}</td>`;
const dimCell = (text: string): string => `<td class="dim">${escapeHtml(text)}</td>`;
const list = (items: readonly string[]): string =>
  `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join("")}</ul>`;

function warnings({ warnings: found }: ScanResult): string {
  return found.length === 0 ? "" : `<h2>Warnings</h2>${list(found)}`;
}

function charts({ terms }: ScanResult): string {
  const names = Object.keys(terms[0]?.values ?? {});
  if (names.length === 0) return "<p>No step was done.</p>";
  return names
    .map((name) => {
      const points = terms.map(({ step, values }) => [step, values[name]!] as const);
      const last = points.at(-1)![1];
      return `<figure>${termChart(points)}<figcaption>${escapeHtml(name)}, last ${numberText(last)}</figcaption></figure>`;
    })
    .join("\n");
}

function contrastTables(result: ScanResult): string {
  if (result.contrast === undefined) return "";
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    rows.length === 0
      ? "<p>None.</p>"
      : `<div class="scroll"><table>${row(...head.map((text) => `<th>${text}</th>`))}${rows
          .map((cells) => row(...cells.map((text) => `<td class="number">${escapeHtml(text)}</td>`)))
          .join("")}</table></div>`;
  return [
    "<h2>Cheap targets beside controls as far away</h2>",
    table(findingHead, findingRows(result)),
    "<h2>What targets cost</h2>",
    table(mapHead, mapRows(result)),
  ].join("\n");
}

function images(evidence: readonly ResultEvidence[]): string {
  if (evidence.length === 0) return "<p>None.</p>";
  const head = [
    "image",
    "clean",
    "reversed trigger",
    "difference",
    "attention T(x)",
    "clean output",
    "output with trigger",
  ];
  // A result may come from a file: only pictures may stand where pictures are expected.
  const picture = (url: string | null): string =>
    url?.startsWith("data:image/png;base64,")
      ? `<td><img alt="" src="${escapeHtml(url)}"></td>`
      : "<td></td>";
  const outputs = (values: readonly number[]): string =>
    `<td class="number">${values.map(numberText).join("<br>")}</td>`;
  const rows = evidence.map((each) =>
    row(
      cell(each.name),
      picture(each.clean),
      picture(each.reversed),
      picture(each.difference),
      picture(each.attention),
      outputs(each.cleanOutput),
      outputs(each.reversedOutput),
    ),
  );
  const header = row(...head.map((text) => `<th>${text}</th>`));
  return `<div class="scroll"><table class="evidence">${header}${rows.join("")}</table></div>`;
}

function provenance(result: ScanResult): [string, string][] {
  const { model, benign, environment, tool, options, preprocessing } = result;
  const optionText = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return [
    ["model", `${model.path}, sha256 ${model.sha256}, ${model.producer}, opset ${model.opset}`],
    ["features F(x)", model.features.join(", ")],
    [
      "clean images",
      `${benign.count} of ${benign.shape.slice(1).join(" x ")} from ${benign.path}, sha256 ${benign.sha256}`,
    ],
    [
      "preprocessing",
      Object.entries(preprocessing)
        .map(([name, value]) => `${name}=${value}`)
        .join(" "),
    ],
    ["method", `${result.method}, ${presetText(result)}seed ${result.seed}`],
    ["options", optionText.join(" ")],
    ["tool", `${tool.name} ${tool.version}, result schema ${result.schemaVersion}`],
    [
      "machine",
      Object.entries(environment)
        .map(([name, value]) => `${name} ${value}`)
        .join(", "),
    ],
    ["made at", `${result.createdAt}, in ${Math.round(result.seconds)} s`],
  ];
}

function base64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
