/** Clean images in a .npz file: `images`, and `labels` if there are any. */
import { DrmGuardError } from "../errors.ts";
import { type TensorData, toNumbers } from "../onnx/tensor-data.ts";
import { type CollectedImages, collectImages, type ImageWants } from "./collect.ts";
import type { Labels } from "./labels-csv.ts";
import { readNpz } from "./npz.ts";
import { type PlanarImage, planarFromBytes } from "./planar-image.ts";

/**
 * Reads clean images: `images` is [N, H, W, C] of bytes or [N, C, H, W] of floats in [0, 1], `labels` is [N, d] or [N].
 *
 * Throws E_IMAGES and E_LABELS when the arrays have another form or other values, and what {@link collectImages} throws.
 *
 * @param bytes the whole file
 * @param wants what the model takes
 */
export async function readBenignNpz(bytes: Uint8Array, wants: ImageWants): Promise<CollectedImages> {
  const arrays = await readNpz(bytes, ["images", "labels"]);
  const images = arrays.get("images");
  if (images === undefined) throw new DrmGuardError("E_IMAGES", "the archive holds no images.npy");
  const planar = images.dtype === "uint8" ? fromByteArray(images) : fromFloatArray(images);
  const count = images.dims[0]!;
  const labels = arrays.get("labels");
  return collectImages(planar, count, wants, labels === undefined ? null : readLabelArray(labels, count));
}

const describe = ({ dtype, dims }: TensorData): string => `${dtype} [${dims.join(", ")}]`;
const expectedForms = "expected uint8 [N, H, W, C] or float32 [N, C, H, W] with C 1 or 3";

function* fromByteArray(array: TensorData): Generator<PlanarImage> {
  const [count, height, width, channels] = array.dims as [number, number, number, number];
  if (array.dims.length !== 4 || (channels !== 1 && channels !== 3)) {
    throw new DrmGuardError("E_IMAGES", `found images of ${describe(array)}, ${expectedForms}`);
  }
  const size = height * width * channels;
  for (let i = 0; i < count; i++) {
    const bytes = (array.data as Uint8Array).subarray(i * size, (i + 1) * size);
    yield planarFromBytes({ name: `image ${i}`, width, height, channels, bytes });
  }
}

function* fromFloatArray(array: TensorData): Generator<PlanarImage> {
  const [count, channels, height, width] = array.dims as [number, number, number, number];
  const isFloat = array.dtype === "float32" || array.dtype === "float64" || array.dtype === "float16";
  if (!isFloat || array.dims.length !== 4 || (channels !== 1 && channels !== 3)) {
    throw new DrmGuardError("E_IMAGES", `found images of ${describe(array)}, ${expectedForms}`);
  }
  const values =
    array.dtype === "float16"
      ? Float32Array.from(toNumbers(array))
      : (array.data as Float32Array | Float64Array);
  assertRange(values);
  const size = channels * height * width;
  for (let i = 0; i < count; i++) {
    const pixels = Float32Array.from(values.subarray(i * size, (i + 1) * size));
    yield { name: `image ${i}`, channels, height, width, pixels };
  }
}

function assertRange(values: Float32Array | Float64Array): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (Number.isNaN(value))
      throw new DrmGuardError("E_IMAGES", "found NaN among the images' values, expected [0, 1]");
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least >= 0 && most <= 1) return;
  throw new DrmGuardError("E_IMAGES", `found images with values from ${least} to ${most}, expected [0, 1]`, {
    hint: "give images before any normalisation; --scale, --mean and --std tell what the model expects",
  });
}

function readLabelArray(array: TensorData, count: number): Labels {
  const { dtype, dims } = array;
  const numeric = dtype !== "string" && dtype !== "bool";
  if (!numeric || (dims.length !== 1 && dims.length !== 2) || dims[0] !== count) {
    throw new DrmGuardError("E_LABELS", `found labels of ${describe(array)}, expected float32 [${count}, d]`);
  }
  const values = Float32Array.from(toNumbers(array));
  const width = dims[1] ?? 1;
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    const at = `row ${Math.floor(broken / width)}, column ${broken % width}`;
    throw new DrmGuardError(
      "E_LABELS",
      `found ${values[broken]} among the labels (${at}), expected finite numbers`,
    );
  }
  return { names: Array.from({ length: width }, (_, i) => `output ${i}`), values };
}
