/** A head for tests: a ball with eyes, a patch of hair and one morph target, without any files. */
import { spherePoints, sphereTriangles } from "../../../src/data/heads/geometry.ts";
import type { FittedMesh, HeadModel, Surface } from "../../../src/data/heads/model.ts";
import { createTexture, type Texture } from "../../../src/data/heads/texture.ts";

/** A texture of one colour. */
export function plain(red: number, green: number, blue: number, opacity = 255): Texture {
  return createTexture({ width: 1, height: 1, bytes: Uint8Array.of(red, green, blue, opacity) });
}

const face = spherePoints({ center: [0, 7, 0], radius: 1 });
const eye = (x: number): number[] => [...spherePoints({ center: [x, 7.1, 1.15], radius: 0.15 })];
const faceCount = face.length / 3;
const surface = (triangles: Uint32Array): Surface => ({
  triangles,
  uvs: new Float32Array(2 * triangles.length),
});
const range = (first: number, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => first + i);

/** The top of the ball, a little larger. */
const hair: FittedMesh = {
  name: "cap",
  surface: surface(sphereTriangles.slice(sphereTriangles.length / 2)),
  anchors: Uint32Array.from({ length: 3 * faceCount }, (_, i) => Math.floor(i / 3)),
  weights: Float32Array.from({ length: 3 * faceCount }, (_, i) => (i % 3 === 0 ? 1 : 0)),
  offsets: Float32Array.from(face, (value, i) => 0.05 * (i % 3 === 1 ? value - 7 : value)),
  texture: plain(90, 90, 90, 200),
};

/** The head. */
export const tinyHead: HeadModel = {
  vertices: Float32Array.from([...face, ...eye(0.3), ...eye(-0.3)]),
  following: new Float32Array(3 * faceCount).fill(1),
  clothing: new Float32Array(3 * faceCount),
  skinSurface: surface(sphereTriangles),
  teeth: surface(new Uint32Array(0)),
  pivot: range(0, faceCount),
  eyes: [
    { center: range(faceCount, faceCount), surface: range(faceCount, faceCount) },
    { center: range(2 * faceCount, faceCount), surface: range(2 * faceCount, faceCount) },
  ],
  targets: new Map([
    ["nose/nose-hump-lesshump", { vertices: Uint32Array.of(0), deltas: Float32Array.of(1, 2, 3) }],
    ["nose/nose-hump-morehump", { vertices: Uint32Array.of(1), deltas: Float32Array.of(1, 0, 0) }],
  ]),
  skins: [{ race: "asian", sex: "female", age: "young", texture: plain(200, 150, 120) }],
  hairs: [hair],
  brows: [],
  lashes: [],
};
