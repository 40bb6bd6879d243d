/** Scans the two example models by the command line that users have, and says where the reports are. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const example = "examples/gaze64";
const models = ["benign", "badnets"];

console.error(`The demo scans ${models.length} models with a small part of the paper's budget (${example}/demo.config.json).
A scan that counts takes the defaults: see docs/paper-method.md for what they cost and what they find.
`);
const codes = models.map((model) => {
  const args = [
    ...["scan", `${example}/${model}.onnx`],
    ...["--benign", `${example}/images`],
    ...["--config", `${example}/demo.config.json`],
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
