import { expect, test } from "vitest";
import { patch } from "../../../src/identification/families/patch.ts";
import { wave } from "../../../src/identification/families/wave.ts";
import { createRandom } from "../../../src/random.ts";

/** The pixels that a patch's mask covers more than half, as [top, left, bottom, right], the last ones outside. */
function coveredBy(theta: Float32Array, side: number): readonly [number, number, number, number] {
  const on = Array.from(theta.subarray(0, side * side).keys()).filter((i) => theta[i]! > 0);
  const [rows, columns] = [on.map((i) => Math.floor(i / side)), on.map((i) => i % side)];
  const box = [Math.min(...rows), Math.min(...columns), Math.max(...rows) + 1, Math.max(...columns) + 1];
  expect(on).toHaveLength((box[2]! - box[0]!) * (box[3]! - box[1]!));
  return box as [number, number, number, number];
}

test.each([
  [64, 3, (225 + 121) * 8],
  [36, 3, (196 + 81) * 8],
  [64, 1, (225 + 121) * 2],
])(
  "squares of an eighth and of 9 %% of %i pixels cover every place, in every colour of %i channels",
  (side, channels, count) => {
    const probes = patch.probes([channels, side, side])!;
    const places = new Map<string, Set<string>>();
    const covered = new Map<number, Set<number>>();
    for (let index = 0; index < probes.count; index++) {
      const theta = probes.theta(index);
      const [top, left, bottom, right] = coveredBy(theta, side);
      const size = bottom - top;
      expect(right - left).toBe(size);
      const pixels = covered.get(size) ?? new Set();
      covered.set(size, pixels);
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) pixels.add(y * side + x);
      const color = Array.from({ length: channels }, (_, c) =>
        Math.sign(theta[(1 + c) * side * side]!),
      ).join();
      const colors = places.get(`${top},${left},${size}`) ?? new Set();
      places.set(`${top},${left},${size}`, colors.add(color));
    }
    expect([...covered.keys()]).toEqual([Math.ceil(side / 8), Math.ceil(0.09 * side)]);
    for (const pixels of covered.values()) expect(pixels.size).toBe(side * side);
    expect(probes.count).toBe(count);
    // None twice.
    expect([...places.values()].reduce((all, colors) => all + colors.size, 0)).toBe(probes.count);
  },
);

test("a place has the parameters of its square's mask and pattern, and begins with colours that can still turn", () => {
  const side = 36;
  const probes = patch.probes([3, side, side])!;
  const places = probes.places!;
  for (const index of [0, 11, 8 * 196 + 5, probes.count - 1]) {
    const place = places.of(index);
    // Colours of one place follow each other.
    expect(places.of(index - (index % 8))).toBe(place);
    const [theta, initial, only] = [probes.theta(index), places.initial(index), places.only(place)];
    expect(initial.subarray(0, side * side)).toEqual(theta.subarray(0, side * side));
    for (let i = 0; i < theta.length; i++) {
      expect(only[i]).toBe(theta[i % (side * side)]! > 0 ? 1 : 0);
      if (i >= side * side) expect(initial[i]).toBe(Math.sign(theta[i]!));
    }
  }
  expect(wave.probes([3, side, side])!.places).toBeNull();
});

test("stripes are sines of whole periods down and across, of SIG's amplitude, but for a fifth of their square", () => {
  const side = 64;
  const probes = wave.probes([1, side, side])!;
  // 1 to 11 periods, in two directions, of either sign.
  expect(probes.count).toBe(2 * 2 * 11);
  const found = new Set<string>();
  for (let index = 0; index < probes.count; index++) {
    const { pictures } = wave.parts(probes.theta(index), [1, side, side]);
    const { pixels, scale } = pictures[0]!;
    const change = Array.from(pixels, (value) => ((value - 0.5) * 2) / scale);
    const isDown = Math.abs(change[0]! - change[1]!) < 1e-6;
    const line = Array.from({ length: side }, (_, i) => change[isDown ? i * side : i]!);
    const square = line.reduce((total, value) => total + value * value, 0) / side;
    const sines = Array.from({ length: 11 }, (_, p) => {
      const product = line.reduce(
        (total, value, i) => total + value * Math.sin((2 * Math.PI * (p + 1) * (i + 0.5)) / side),
        0,
      );
      return product / (side / 2);
    });
    const most = sines.reduce((best, value, i) => (Math.abs(value) > Math.abs(sines[best]!) ? i : best), 0);
    const amplitude = sines[most]!;
    // The sine that it stands for holds 0.8 to 1 of its square, and is about as strong as SIG's.
    expect((amplitude * amplitude) / 2 / square).toBeGreaterThan(0.75);
    expect(Math.abs(amplitude) * 255).toBeGreaterThan(28);
    expect(Math.abs(amplitude) * 255).toBeLessThan(48);
    found.add(`${isDown} ${most + 1} ${Math.sign(amplitude)}`);
  }
  expect(found.size).toBe(probes.count);
});

test.each([
  [64, 64],
  [40, 80],
])(
  "waves like one are as strong, as long and of its colour, and lie in other directions, at %i x %i px",
  (h, w) => {
    const random = createRandom(3);
    const columns = 24;
    const cells = 24 * columns;
    const theta = new Float32Array(wave.length([3, h, w]));
    const [u, v] = [6, 8];
    const colour = [5, -2, 1];
    colour.forEach((value, c) => {
      theta[c * cells + u * columns + v] = value;
    });
    const directions = new Set<string>();
    for (let k = 0; k < 40; k++) {
      const other = wave.alike!.another(theta, [3, h, w], random);
      const places = Array.from({ length: cells }, (_, i) => i).filter((i) => other[i] !== 0);
      expect(places).toHaveLength(1);
      const [place] = places as [number];
      const sign = Math.sign(other[place]!);
      expect([0, 1, 2].map((c) => sign * other[c * cells + place]!)).toEqual(colour);
      const [down, across] = [Math.floor(place / columns), place % columns];
      // A wave is as long as it was, but for its place among whole numbers.
      const length = Math.hypot((down * w) / h, across);
      expect(Math.abs(length - Math.hypot((u * w) / h, v))).toBeLessThan(0.8 * (w / h));
      directions.add(`${sign} ${down} ${across}`);
    }
    expect(directions.size).toBeGreaterThan(12);
  },
);

test.each([1, 3, 4])(
  "a patch in other colours has its mask, and the opposite of one channel or more of %i",
  (c) => {
    const random = createRandom(5);
    const [h, w] = [6, 5];
    const theta = Float32Array.from({ length: patch.length([c, h, w]) }, () => random.normal());
    const seen = new Set<string>();
    for (let k = 0; k < 200; k++) {
      const other = patch.alike!.another(theta, [c, h, w], random);
      const signs = Array.from(
        { length: 1 + c },
        (_, plane) => other[plane * h * w]! / theta[plane * h * w]!,
      );
      other.forEach((value, i) => {
        expect(value).toBe(signs[Math.floor(i / (h * w))]! * theta[i]!);
      });
      expect(signs[0]).toBe(1);
      expect(signs.every((sign) => Math.abs(sign) === 1)).toBe(true);
      seen.add(signs.join());
    }
    expect(seen.size).toBe(2 ** c - 1);
    expect([...seen]).not.toContain(
      Array(1 + c)
        .fill(1)
        .join(),
    );
  },
);
