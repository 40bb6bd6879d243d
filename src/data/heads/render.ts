/** Renders heads: z-buffer, shadows, textures, blended hair, and the average of several samples a pixel. */
import type { Random } from "../../random.ts";
import { turn, type Vector, vectorOf } from "./angles.ts";
import { backgroundAt } from "./background.ts";
import { cameraFor, project } from "./camera.ts";
import { encoded, linear } from "./color.ts";
import { eyeColor, smooth } from "./eye.ts";
import { eyeballOf, fitMesh, normalsOf, spherePoints, sphereTriangles } from "./geometry.ts";
import { morph } from "./identity.ts";
import { addLayer, createLayers, farthestFirst, mixCorners } from "./layer.ts";
import { illuminate, reflection } from "./light.ts";
import type { FittedMesh, HeadModel } from "./model.ts";
import { meanOf, placementOf } from "./pose.ts";
import { type Projected, rasterise } from "./rasteriser.ts";
import type { Scene } from "./scene.ts";
import { createShadowMap } from "./shadow.ts";
import { type SurfaceColor, texturedSurface } from "./textured.ts";

/** Samples on a pixel's side. */
const perPixel = 2;

const bodyThing = 0;
const teethThing = 1;
/** Eyes are numbered from here. */
const firstEye = 2;

/** Brows and lashes lie on the skin: they are drawn as if nearer by this part. */
const proxyLift = 1.01;

/** Hair, brows or lashes in a scene. */
interface Worn {
  readonly projected: Projected;
  readonly points: Float32Array;
  readonly color: SurfaceColor;
  readonly kind: "hair" | "brow" | "lash";
}

/**
 * Renders a scene.
 *
 * @param model the mesh and what is worn
 * @param scene what to render
 * @param size side of the image in pixels
 * @param random the source of the pixels' noise
 * @returns [size, size, 3] sRGB
 */
export function renderHead(model: HeadModel, scene: Scene, size: number, random: Random): Uint8Array {
  return developed(renderSamples(model, scene, size * perPixel), size, scene, random);
}

/** The linear colours of all samples, [side, side, 3]. */
function renderSamples(model: HeadModel, scene: Scene, side: number): Float32Array {
  const { identity, light } = scene;
  const shape = morph(model, [...identity.weights, ...scene.expression]);
  const eyeballs = model.eyes.map((eye) => eyeballOf(shape, eye));
  const [left, right] = eyeballs.map(({ center }) => center) as [Vector, Vector];
  const middle = [0, 1, 2].map((i) => (left[i]! + right[i]!) / 2 + scene.focus[i]!) as unknown as Vector;
  const placement = placementOf(scene.head, meanOf(shape, model.pivot), middle, scene.distance);
  const camera = cameraFor(side, scene.width, scene.distance, scene.shift);
  const body = placement.place(shape, model.following);
  const normals = normalsOf(body, model.skinSurface.triangles);
  const seen = project(camera, body);
  const skin: Projected = { points: seen, triangles: model.skinSurface.triangles };
  const layers = createLayers(side * side);
  addLayer(layers, side, bodyThing, skin);
  addLayer(layers, side, teethThing, { points: seen, triangles: model.teeth.triangles });
  const eyes = eyeballs.map(({ center, radius }, i) => {
    const ball = { center: placement.placeOnHead(center), radius };
    const points = spherePoints(ball);
    addLayer(layers, side, firstEye + i, { points: project(camera, points), triangles: sphereTriangles });
    return { ...ball, points };
  });
  const skull = placement.placeOnHead([middle[0], middle[1], middle[2] - scene.focus[2] - 0.9]);
  const shadow = createShadowMap(light.key, skull);
  shadow.add(body, model.skinSurface.triangles);
  const worn = (
    [
      [model.lashes, identity.lash, "lash"],
      [model.brows, identity.brow, "brow"],
      [model.hairs, identity.hair, "hair"],
    ] as const
  ).flatMap(([proxies, index, kind]): Worn[] => {
    const proxy: FittedMesh | undefined = index === null ? undefined : proxies[index];
    if (proxy === undefined) return [];
    const fitted = fitMesh(proxy, shape, model.following);
    const points = placement.place(fitted.points, fitted.following);
    const projected = { points: project(camera, points), triangles: proxy.surface.triangles };
    const color = texturedSurface(proxy.surface, proxy.texture, projected);
    const texel = new Float32Array(4);
    if (kind === "hair") {
      shadow.add(points, proxy.surface.triangles, (t, second, third) => {
        color(t, second, third, texel);
        return texel[3]! < 0.5;
      });
    }
    return [{ projected, points, color, kind }];
  });
  const colors = new Float32Array(3 * side * side);
  const skinTexture = model.skins[identity.skin]!.texture;
  const skinColor = texturedSurface(model.skinSurface, skinTexture, skin);
  const eyeLook = { ...identity, axis: vectorOf(scene.gaze) };
  const headUp = turn(placement.rotation, [0, -1, 0]);
  const point = new Float32Array(3);
  const normal = new Float32Array(3);
  const cloth = new Float32Array(1);
  const lightHere = new Float32Array(3);
  const texel = new Float32Array(4);
  const corners: [number, number, number] = [0, 0, 0];
  const cornersOf = (triangles: Uint32Array, t: number): void => {
    for (let k = 0; k < 3; k++) corners[k] = triangles[3 * t + k]!;
  };
  const shadeBody = (at: number, t: number, second: number, third: number): void => {
    cornersOf(model.skinSurface.triangles, t);
    mixCorners(body, 3, corners, second, third, point);
    mixCorners(normals, 3, corners, second, third, normal);
    mixCorners(model.clothing, 1, corners, second, third, cloth);
    const [nx, ny, nz] = unitOf(normal);
    const [vx, vy, vz] = towardsCamera(point);
    const lit = shadow.litAt(point, nx, ny, nz);
    illuminate(light, nx, ny, nz, lit, lightHere);
    skinColor(t, second, third, texel);
    const covered = cloth[0]!;
    // Skin shines a little, more where it is seen from the side.
    const rim = (1 - Math.max(0, nx * vx + ny * vy + nz * vz)) ** 3;
    const shine = (1 - covered) * lit * (0.08 + 0.12 * rim) * reflection(light, nx, ny, nz, vx, vy, vz, 4);
    for (let c = 0; c < 3; c++) {
      const own = linear(texel[c]!) * identity.skinTint[c]!;
      const surface = own + (scene.clothColor[c]! - own) * covered;
      colors[3 * at + c] = surface * lightHere[c]! + shine * light.keyColor[c]!;
    }
  };
  const shadeTeeth = (at: number, t: number, second: number, third: number): void => {
    cornersOf(model.teeth.triangles, t);
    mixCorners(body, 3, corners, second, third, point);
    illuminate(light, 0, 0, -1, shadow.litAt(point, 0, 0, 0), lightHere);
    for (let c = 0; c < 3; c++) colors[3 * at + c] = [0.55, 0.5, 0.42][c]! * lightHere[c]! * 0.7;
  };
  const shadeEye = (
    at: number,
    eye: (typeof eyes)[number],
    t: number,
    second: number,
    third: number,
  ): void => {
    cornersOf(sphereTriangles, t);
    mixCorners(eye.points, 3, corners, second, third, point);
    for (let i = 0; i < 3; i++) normal[i] = point[i]! - eye.center[i]!;
    const [nx, ny, nz] = unitOf(normal);
    const [vx, vy, vz] = towardsCamera(point);
    const lit = shadow.litAt(point, nx, ny, nz);
    illuminate(light, nx, ny, nz, 0.3 + 0.7 * lit, lightHere);
    const color = eyeColor(eyeLook, nx, ny, nz);
    // The upper lid and its lashes keep light from the upper part of the eye.
    const up = nx * headUp[0] + ny * headUp[1] + nz * headUp[2];
    const open = 1 - 0.6 * smooth((up + 0.05) / 0.6);
    const shine = 0.9 * (0.2 + 0.8 * lit) * reflection(light, nx, ny, nz, vx, vy, vz, 7);
    for (let c = 0; c < 3; c++) {
      colors[3 * at + c] = color[c]! * lightHere[c]! * open + shine * light.keyColor[c]!;
    }
  };
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const at = row * side + column;
      const thing = layers.things[at]!;
      const t = layers.triangles[at]!;
      const second = layers.weights[2 * at]!;
      const third = layers.weights[2 * at + 1]!;
      if (thing === bodyThing) shadeBody(at, t, second, third);
      else if (thing === teethThing) shadeTeeth(at, t, second, third);
      else if (thing >= firstEye) shadeEye(at, eyes[thing - firstEye]!, t, second, third);
      else colors.set(backgroundAt(scene.background, column / side, row / side), 3 * at);
    }
  }
  for (const { projected, points, color, kind } of worn) {
    const { triangles } = projected;
    const lift = kind === "hair" ? 1 : proxyLift;
    const blend = (at: number, t: number, second: number, third: number, depth: number): void => {
      if (depth * lift <= layers.depths[at]!) return;
      color(t, second, third, texel);
      const opacity = kind === "lash" ? 0.8 * texel[3]! : texel[3]!;
      if (opacity < 0.01) return;
      cornersOf(triangles, t);
      mixCorners(points, 3, corners, second, third, point);
      for (let i = 0; i < 3; i++) normal[i] = point[i]! - skull[i]!;
      const [nx, ny, nz] = unitOf(normal);
      const lit = kind === "hair" ? shadow.litAt(point, nx, ny, nz) : 1;
      illuminate(light, nx, ny, nz, lit, lightHere);
      // The texture gives light and dark strands, the person their colour.
      const strand = linear((texel[0]! + texel[1]! + texel[2]!) / (3 * texel[3]!));
      const brightness = kind === "hair" ? 0.5 + 3 * strand : kind === "brow" ? 0.5 : 0.12;
      const [vx, vy, vz] = towardsCamera(point);
      const shine = kind === "hair" ? 0.25 * lit * strand * reflection(light, nx, ny, nz, vx, vy, vz, 3) : 0;
      for (let c = 0; c < 3; c++) {
        const own = identity.hairColor[c]! * brightness * lightHere[c]! + shine * light.keyColor[c]!;
        colors[3 * at + c]! += (own - colors[3 * at + c]!) * opacity;
      }
    };
    rasterise(projected, side, side, true, blend, farthestFirst(projected));
  }
  return colors;
}

function unitOf(v: Float32Array): [number, number, number] {
  const length = Math.sqrt(v[0]! * v[0]! + v[1]! * v[1]! + v[2]! * v[2]!) || 1;
  return [v[0]! / length, v[1]! / length, v[2]! / length];
}

function towardsCamera(point: Float32Array): [number, number, number] {
  const [x, y, z] = unitOf(point);
  return [-x, -y, -z];
}

/** Averages samples, exposes and stores them. */
function developed(colors: Float32Array, size: number, { light, noise }: Scene, random: Random): Uint8Array {
  const side = size * perPixel;
  const bytes = new Uint8Array(3 * size * size);
  for (let i = 0; i < bytes.length; i++) {
    const [c, column, row] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
    let sum = 0;
    for (let y = row * perPixel; y < (row + 1) * perPixel; y++) {
      for (let x = column * perPixel; x < (column + 1) * perPixel; x++)
        sum += colors[3 * (y * side + x) + c]!;
    }
    const value = encoded((light.exposure * sum) / perPixel ** 2) + noise * random.normal();
    bytes[i] = Math.round(255 * Math.min(Math.max(value, 0), 1));
  }
  return bytes;
}
