/** Meshes: normals, spheres, and what is fitted to a mesh. */
import type { Vector } from "./angles.ts";
import type { EyeVertices, FittedMesh } from "./model.ts";
import { meanOf } from "./pose.ts";

/**
 * Normals of vertices: the sum of the triangles' around them, weighted by area.
 *
 * @param points [n, 3]
 * @param triangles [m, 3]
 * @returns [n, 3] of length 1, or 0 for a vertex without triangles
 */
export function normalsOf(points: Float32Array, triangles: Uint32Array): Float32Array {
  const normals = new Float32Array(points.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t]!, 3 * triangles[t + 1]!, 3 * triangles[t + 2]!];
    const ux = points[b]! - points[a]!;
    const uy = points[b + 1]! - points[a + 1]!;
    const uz = points[b + 2]! - points[a + 2]!;
    const vx = points[c]! - points[a]!;
    const vy = points[c + 1]! - points[a + 1]!;
    const vz = points[c + 2]! - points[a + 2]!;
    for (const p of [a, b, c]) {
      normals[p]! += uy * vz - uz * vy;
      normals[p + 1]! += uz * vx - ux * vz;
      normals[p + 2]! += ux * vy - uy * vx;
    }
  }
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!) || 1;
    normals[i]! /= length;
    normals[i + 1]! /= length;
    normals[i + 2]! /= length;
  }
  return normals;
}

/** A ball. */
export interface Ball {
  readonly center: Vector;
  readonly radius: number;
}

/** Eyeballs are drawn smaller by this, so that lids of no shape let them through. */
export const eyeballFit = 0.97;

/** The eyeball that a shape has. Its radius comes from the median distance of its vertices. */
export function eyeballOf(shape: Float32Array, { center, surface }: EyeVertices): Ball {
  const middle = meanOf(shape, center);
  const distances = Array.from(surface, (v) =>
    Math.hypot(shape[3 * v]! - middle[0], shape[3 * v + 1]! - middle[1], shape[3 * v + 2]! - middle[2]),
  ).sort((a, b) => a - b);
  return { center: middle, radius: eyeballFit * distances[distances.length >> 1]! };
}

const rings = 24;
const segments = 32;

/** Triangles of a sphere: see {@link spherePoints}. */
export const sphereTriangles: Uint32Array = Uint32Array.from(
  Array.from({ length: rings * segments }, (_, i) => {
    const [ring, segment] = [Math.floor(i / segments), i % segments];
    const next = (segment + 1) % segments;
    const [a, b] = [ring * segments + segment, ring * segments + next];
    return [a, b, a + segments, b, b + segments, a + segments];
  }).flat(),
);

/** Points of a sphere, [n, 3]. */
export function spherePoints({ center, radius }: Ball): Float32Array {
  const points: number[] = [];
  for (let ring = 0; ring <= rings; ring++) {
    for (let segment = 0; segment < segments; segment++) {
      const [polar, around] = [(Math.PI * ring) / rings, (2 * Math.PI * segment) / segments];
      points.push(
        center[0] + radius * Math.sin(polar) * Math.cos(around),
        center[1] - radius * Math.cos(polar),
        center[2] + radius * Math.sin(polar) * Math.sin(around),
      );
    }
  }
  return Float32Array.from(points);
}

/**
 * Fits a mesh to a shape.
 *
 * @param shape [n, 3] in dm
 * @param following [n] of the mesh
 * @returns points, and how much of the head's rotation each takes
 */
export function fitMesh(
  { anchors, weights, offsets }: FittedMesh,
  shape: Float32Array,
  following: Float32Array,
): { points: Float32Array; following: Float32Array } {
  const points = Float32Array.from(offsets);
  const fitted = new Float32Array(offsets.length / 3);
  for (let i = 0; i < anchors.length; i++) {
    const [v, weight] = [3 * anchors[i]!, weights[i]!];
    const p = i - (i % 3);
    points[p]! += weight * shape[v]!;
    points[p + 1]! += weight * shape[v + 1]!;
    points[p + 2]! += weight * shape[v + 2]!;
    fitted[p / 3]! += weight * following[anchors[i]!]!;
  }
  return { points, following: fitted.map((value) => Math.min(Math.max(value, 0), 1)) };
}
