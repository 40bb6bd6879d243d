/** Scans the two example models by the command line that users have, and says where the reports are. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const example = "examples/gaze64";
const models = ["benign", "wanet"];

console.error(`The demo scans ${models.length} small gaze models as you would: two or three minutes each.
`);
const codes = models.map((model) => {
  const args = [
    ...["scan", `${example}/${model}.onnx`],
    ...["--benign", `${example}/images`],
    ...["--cache-dir", "demo-output/cache"],
    ...["--output", `demo-output/${model}`],
    ...["--format", "table", "--format", "html"],
  ];
  console.error(`$ drmguard ${args.join(" ")}`);
  const { status } = spawnSync(process.execPath, ["dist/cli/main.js", ...args], {
    cwd: root,
    stdio: "inherit",
  });
  console.error("");
  return status;
});
// A verdict of any kind is a demo that worked.
const verdicts = [0, 1, 3];
const worked = codes.every((code) => code !== null && verdicts.includes(code));
if (worked) for (const model of models) console.log(`${model}: ${root}demo-output/${model}/report.html`);
process.exit(worked ? 0 : 1);
