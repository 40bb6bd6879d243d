import { readFileSync, readdirSync } from "node:fs";
import { importModel } from "../src/models/import.ts";
import { instantiate } from "../src/models/instance.ts";
import { inline } from "../src/models/inline.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { Graph } from "../src/tensor/graph.ts";
import { compile } from "../src/runtime/compile.ts";
import { grad } from "../src/autodiff/grad.ts";
import { mean, sum, variance } from "../src/tensor/reduction.ts";
const dir = process.argv[2]!;
import { execSync } from "node:child_process";
const rt = nodeRuntime({ threads: 2 });
for (const f of readdirSync(dir).filter(f => f.endsWith(".onnx"))) {
  try {
  const base = dir + "/" + f.replace(".onnx", "");
  execSync(`/usr/bin/python3 -c "
import numpy as np,sys
z=np.load('${base}.npz')
for k in 'xyg': z[k].astype('<f4').tofile('/tmp/ref_'+k); print(*z[k].shape, file=open('/tmp/ref_'+k+'.s','w'))
"`);
  const arr = (k: string) => { const b = readFileSync('/tmp/ref_'+k); return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset+b.byteLength)); };
  const dims = readFileSync('/tmp/ref_x.s','utf8').trim().split(' ').map(Number);
  const model = importModel(readFileSync(base + ".onnx"), (loc, off, len) => { const b = readFileSync(dir + "/" + loc); return b.subarray(off, len === null ? undefined : off + len); });
  const inst = await instantiate(rt, model, dims);
  const g = new Graph();
  const x = g.input("x", dims);
  const { outputs: [y] } = inline(inst, x);
  const loss = mean(variance(y!, { axes: [0] }));
  const [dx] = grad(loss, [x]);
  const p = await compile(rt, { y: y!, dx: dx! });
  const r = await p.run({ x: { dtype: "float32", dims, data: arr('x') } });
  const cmp = (a: Float32Array, b: Float32Array) => { let m = 0, s = 0; a.forEach((v, i) => { m = Math.max(m, Math.abs(v)); s = Math.max(s, Math.abs(v - b[i]!)); }); return (s / m).toExponential(1); };
  if (f.startsWith("mobilenet_v2.") && process.env.G64) { const b = readFileSync("/tmp/g64"); console.log("vs 64", cmp(Float32Array.from(new Float64Array(b.buffer.slice(b.byteOffset, b.byteOffset+b.byteLength))), r.dx!.data as Float32Array)); }
  console.log(f.padEnd(36), "y", cmp(arr('y'), r.y!.data as Float32Array), "g", cmp(arr('g'), r.dx!.data as Float32Array));
  await p.release();
  } catch (e) { console.log(f.padEnd(36), "ERR", (e as Error).message.slice(0, 300)); }
}
