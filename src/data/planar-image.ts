/** One image in the form that sets are made of: channels first, in [0, 1], of the channels that a model takes. */

/** An image as decoders give it. */
export interface DecodedImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** [H, W, C], row-major. */
  readonly bytes: Uint8Array;
}

/** An image as sets hold it. */
export interface PlanarImage {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** [C, H, W] in [0, 1]. */
  readonly pixels: Float32Array;
}

/** Weights of red, green and blue in brightness: ITU-R BT.601, as PIL and OpenCV convert to gray. */
const luminance = [0.299, 0.587, 0.114] as const;

/**
 * Brings a decoded image into planar form: bytes become [0, 1].
 *
 * @param image the image as decoded
 */
export function planarFromBytes({ name, width, height, channels, bytes }: DecodedImage): PlanarImage {
  const area = width * height;
  const pixels = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) pixels[c * area + i] = bytes[i * channels + c]! / 255;
  }
  return { name, channels, height, width, pixels };
}

/**
 * The same image with other channels: brightness of a colour image, or brightness in all three.
 *
 * @param image the image
 * @param channels how many the model takes
 */
export function withChannels(image: PlanarImage, channels: 1 | 3): PlanarImage {
  if (image.channels === channels) return image;
  const area = image.height * image.width;
  const pixels = new Float32Array(channels * area);
  if (channels === 1) {
    luminance.forEach((weight, c) => {
      for (let i = 0; i < area; i++) pixels[i]! += weight * image.pixels[c * area + i]!;
    });
  } else {
    for (let c = 0; c < channels; c++) pixels.set(image.pixels, c * area);
  }
  return { ...image, channels, pixels };
}
