/** Small networks with PyTorch's numbers (tools/make-network-references.py). */
import { readFileSync } from "node:fs";
import { readNpz } from "../../src/data/npz.ts";
import type { NetworkArrays, NetworkOptions } from "../../src/models/networks/network.ts";
import type { TensorData } from "../../src/onnx/tensor-data.ts";

/** The networks that there are references of. */
export const referenceNetworks: readonly NetworkOptions[] = [
  { architecture: "resnet18", image: [3, 16, 16], outputs: 2, width: 2 / 64, stem: "auto" },
  { architecture: "resnet34", image: [3, 48, 48], outputs: 2, width: 2 / 64, stem: "large" },
  { architecture: "resnet18", image: [3, 32, 32], outputs: 2, width: 2 / 64, stem: "fine" },
  { architecture: "mobilenetv1", image: [3, 32, 32], outputs: 2, width: 1 / 16, stem: "auto" },
];

/** What PyTorch computed. */
export interface NetworkReference extends NetworkArrays {
  /** Images, labels, outputs, loss (L1), squares (L2), inference (outputs with the statistics below). */
  readonly arrays: Readonly<Record<string, TensorData>>;
  readonly gradients: Readonly<Record<string, TensorData>>;
  /** Mean and population variance of the batch at every batch norm. */
  readonly batchStatistics: Readonly<Record<string, TensorData>>;
}

/** Reads the reference of a network; its running variances are 1.5 times the batch's. */
export async function networkReference({ architecture, stem }: NetworkOptions): Promise<NetworkReference> {
  const name = stem === "fine" ? `${architecture}-fine` : architecture;
  const file = new URL(`../references/network-${name}.npz`, import.meta.url);
  const all = await readNpz(readFileSync(file), null);
  const below = (prefix: string): Record<string, TensorData> =>
    Object.fromEntries(
      [...all].flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
      ),
    );
  const batchStatistics = below("statistic/");
  const statistics = Object.fromEntries(
    Object.entries(batchStatistics).map(([name, value]) => [
      name,
      name.endsWith(".variance")
        ? { ...value, data: (value.data as Float32Array).map((v) => 1.5 * v) }
        : value,
    ]),
  );
  return {
    arrays: Object.fromEntries(all),
    parameters: below("parameter/"),
    gradients: below("gradient/"),
    batchStatistics,
    statistics,
  };
}
