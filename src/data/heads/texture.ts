/** Textures: images that are made smaller beforehand, so that what is far away does not flicker. */

/** A decoded image with opacity. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  /** [H, W, 4] sRGB and opacity. */
  readonly bytes: Uint8Array;
}

/** An image and its halves, down to one pixel; colours are multiplied by opacity. */
export interface Texture {
  readonly levels: readonly RgbaImage[];
}

/**
 * Prepares an image for sampling.
 *
 * @param image of any size
 */
export function createTexture(image: RgbaImage): Texture {
  const bytes = new Uint8Array(image.bytes.length);
  for (let i = 0; i < bytes.length; i += 4) {
    const opacity = image.bytes[i + 3]!;
    for (let c = 0; c < 3; c++) bytes[i + c] = Math.round((image.bytes[i + c]! * opacity) / 255);
    bytes[i + 3] = opacity;
  }
  const levels: RgbaImage[] = [{ width: image.width, height: image.height, bytes }];
  for (let last = levels[0]!; last.width > 1 || last.height > 1; last = levels.at(-1)!)
    levels.push(halved(last));
  return { levels };
}

function halved({ width, height, bytes }: RgbaImage): RgbaImage {
  const w = Math.max(1, width >> 1);
  const h = Math.max(1, height >> 1);
  const half = new Uint8Array(w * h * 4);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let c = 0; c < 4; c++) {
        let sum = 0;
        for (const dy of [0, 1]) {
          for (const dx of [0, 1]) {
            sum +=
              bytes[4 * (Math.min(2 * y + dy, height - 1) * width + Math.min(2 * x + dx, width - 1)) + c]!;
          }
        }
        half[4 * (y * w + x) + c] = Math.round(sum / 4);
      }
    }
  }
  return { width: w, height: h, bytes: half };
}

/**
 * The level at which a pixel of the texture is about as large as a sample of the image.
 *
 * @param texels area of a triangle in the texture, as a part of the whole
 * @param samples area of the same triangle in the image, in samples
 */
export function levelFor({ levels }: Texture, texels: number, samples: number): number {
  const { width, height } = levels[0]!;
  const level = Math.round(0.5 * Math.log2((texels * width * height) / Math.max(samples, 1e-6)));
  return Math.min(Math.max(level, 0), levels.length - 1);
}

/**
 * Samples a texture between its four nearest pixels; outside it repeats.
 *
 * @param u from left to right, 0 to 1
 * @param v from bottom to top, 0 to 1
 * @param out gets red, green and blue, multiplied by opacity, and opacity, all in [0, 1]
 */
export function sampleTexture(
  { levels }: Texture,
  level: number,
  u: number,
  v: number,
  out: Float32Array,
): void {
  const { width, height, bytes } = levels[level]!;
  const x = u * width - 0.5;
  const y = (1 - v) * height - 0.5;
  const left = Math.floor(x);
  const top = Math.floor(y);
  const fx = x - left;
  const fy = y - top;
  const x0 = wrapped(left, width);
  const x1 = wrapped(left + 1, width);
  const y0 = wrapped(top, height) * width;
  const y1 = wrapped(top + 1, height) * width;
  for (let c = 0; c < 4; c++) {
    const upper = bytes[4 * (y0 + x0) + c]! * (1 - fx) + bytes[4 * (y0 + x1) + c]! * fx;
    const lower = bytes[4 * (y1 + x0) + c]! * (1 - fx) + bytes[4 * (y1 + x1) + c]! * fx;
    out[c] = (upper * (1 - fy) + lower * fy) / 255;
  }
}

function wrapped(i: number, n: number): number {
  return ((i % n) + n) % n;
}
