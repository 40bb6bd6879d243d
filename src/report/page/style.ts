/** The style of all reports. */
import { palette } from "./palette.ts";

const colors = (mode: "light" | "dark"): string =>
  Object.entries(palette)
    .map(([name, color]) => `--${name}: ${color[mode]};`)
    .join(" ");

/** The factors that pixels are amplified by, as far as a filter is there for them. */
const scales = [2, 5, 10, 20, 50];

/** Charts are drawn at a phone's width, so that their text is readable there; on wider pages several stand side by side. */
export const style = `
:root { color-scheme: light dark; ${colors("light")} }
@media (prefers-color-scheme: dark) { :root { ${colors("dark")} } }
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--background); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer, nav { max-width: 70rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
main { padding-bottom: 1rem; }
footer { border-top: 1px solid var(--line); padding-top: 1rem; padding-bottom: 2rem; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere; }
p, ul { margin: .5rem 0; max-width: 45rem; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; max-width: none; }
small, figcaption, caption { color: var(--dim); font-size: .875rem; font-weight: normal; }
.badge { display: inline-block; padding: 0 .6rem; border-radius: .3rem; color: #ffffff; }
.badge.benign { background: var(--benign); } .badge.backdoored { background: var(--backdoored); } .badge.inconclusive { background: var(--inconclusive); }
.clean { color: var(--clean); } .reversed { color: var(--reversed); } .control, .after { color: var(--control); }
.home { color: var(--home); } .map { color: var(--dim); } .restart { color: var(--reversed); } .target { color: var(--text); }
table { border-collapse: collapse; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } td { font-variant-numeric: tabular-nums; }
.values th { font-weight: normal; } .values td { font-weight: 600; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } .scroll td, .scroll th { white-space: nowrap; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20.5rem), 1fr)); gap: 1rem 2rem; align-items: start; }
figure { margin: .5rem 0 1rem; min-width: 0; }
figure svg { display: block; width: 100%; max-width: 27rem; height: auto; overflow: visible; }
figure svg text { white-space: pre; }
figcaption p { margin: .25rem 0; }
.key { list-style: none; padding: 0; margin: .25rem 0; }
.key span { display: inline-block; width: 1.2em; text-align: center; }
.pixels { display: grid; grid-template-columns: repeat(auto-fit, minmax(4.5rem, 1fr)); gap: .5rem; max-width: 34rem; }
.pixels > span { display: flex; flex-direction: column; font-size: .875rem; line-height: 1.3; }
.pixels img { width: 100%; height: auto; image-rendering: pixelated; border: 1px solid var(--line); }
${scales.map((scale) => `.times-${scale} { filter: contrast(${scale}); }`).join(" ")}
pre { background: var(--shade); padding: .75rem; border-radius: .3rem; white-space: pre-wrap; overflow-wrap: anywhere; }
code, pre { font: .875rem/1.5 ui-monospace, monospace; }
summary { cursor: pointer; padding: .25rem 0; }
@media print { nav { display: none; } figure, tr { break-inside: avoid; } }
`;

/** SHA-256 of the style in base64: the policy of a page lets this style alone apply. A test says what it has to be. */
export const styleHash = "R96/++tq+l0+3rqg6K9pmyn4fA8pe80k/9AgnDAJI5o=";
