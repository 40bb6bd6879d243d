/** Angles in the frame of MPIIFaceGaze. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  directionOf,
  poseOf,
  rotationOf,
  transposed,
  turn,
  vectorOf,
} from "../../../src/data/heads/angles.ts";

const angle = fc.double({ min: -1.4, max: 1.4, noNaN: true });
const close = (found: readonly number[], expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 9);
  });
};

test("no angle looks into the camera, positive yaw to the left in the image, positive pitch up", () => {
  close(vectorOf({ yaw: 0, pitch: 0 }), [0, 0, -1]);
  close(vectorOf({ yaw: Math.PI / 2, pitch: 0 }), [-1, 0, 0]);
  close(vectorOf({ yaw: 0, pitch: Math.PI / 2 }), [0, -1, 0]);
});

test("the angles of a vector are those that it was made of, whatever its length", () => {
  fc.assert(
    fc.property(angle, angle, fc.double({ min: 0.1, max: 10, noNaN: true }), (yaw, pitch, length) => {
      const found = directionOf(vectorOf({ yaw, pitch }).map((x) => x * length) as [number, number, number]);
      close([found.yaw, found.pitch], [yaw, pitch]);
    }),
  );
});

test("a head points where its yaw and pitch say, whatever its roll, and its angles come back", () => {
  fc.assert(
    fc.property(angle, angle, angle, (yaw, pitch, roll) => {
      const rotation = rotationOf({ yaw, pitch, roll });
      close(turn(rotation, [0, 0, -1]), vectorOf({ yaw, pitch }));
      const found = poseOf(rotation);
      close([found.yaw, found.pitch, found.roll], [yaw, pitch, roll]);
    }),
  );
});

test("rotations keep lengths and are undone by their transpose", () => {
  fc.assert(
    fc.property(angle, angle, angle, (yaw, pitch, roll) => {
      const rotation = rotationOf({ yaw, pitch, roll });
      close(turn(transposed(rotation), turn(rotation, [1, 2, 3])), [1, 2, 3]);
    }),
  );
});

test("positive roll is clockwise in the image: the top of the head goes right", () => {
  close(turn(rotationOf({ yaw: 0, pitch: 0, roll: Math.PI / 2 }), [0, -1, 0]), [1, 0, 0]);
});

test("MPIIFaceGaze's own formula gives a head's angles from the third column of its rotation", () => {
  // v is the third column; pitch = asin(v_y), yaw = atan2(v_x, v_z).
  const rotation = rotationOf({ yaw: 0.3, pitch: -0.2, roll: 0.1 });
  const [x, y, z] = [rotation[2], rotation[5], rotation[8]];
  close([Math.atan2(x, z), Math.asin(y)], [0.3, -0.2]);
});
