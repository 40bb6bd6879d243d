import { expect, test } from "vitest";
import { symmetricPower } from "../../src/metrics/symmetric-power.ts";
import { createRandom } from "../../src/random.ts";

const product = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((total, value, k) => total + value * b[k]![j]!, 0)));

test("the root of a matrix by hand", () => {
  // Eigenvalues 9 and 1 along (1, 1) and (1, -1).
  const root = symmetricPower(
    [
      [5, 4],
      [4, 5],
    ],
    0.5,
  );
  expect(root.flat()).toEqual([2, 1, 1, 2].map((value) => expect.closeTo(value, 12)));
});

test("eigenvalues below the least are raised to it", () => {
  // 9 and 1 as above; 4 and 9 along (1, -1) and (1, 1), so the root has 2 and 3.
  const matrix = [
    [5, 4],
    [4, 5],
  ];
  const raised = symmetricPower(matrix, 0.5, 4);
  expect(raised.flat()).toEqual([2.5, 0.5, 0.5, 2.5].map((value) => expect.closeTo(value, 12)));
  const root = symmetricPower(matrix, 0.5);
  expect(symmetricPower(matrix, 0.5, 0.5)).toEqual(root);
});

test.each([1, 2, 3, 5, 12])("roots of %d rows multiply to the matrix, and inverses to one", (d) => {
  const random = createRandom(d);
  const factor = Array.from({ length: d }, () => Array.from({ length: d }, () => random.normal()));
  const transposed = factor.map((_, i) => factor.map((row) => row[i]!));
  const matrix = product(factor, transposed).map((row, i) =>
    row.map((value, j) => value + (i === j ? 0.5 : 0)),
  );
  const [root, inverse] = [symmetricPower(matrix, 0.5), symmetricPower(matrix, -1)];
  const [again, one] = [product(root, root), product(matrix, inverse)];
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      expect(again[i]![j]).toBeCloseTo(matrix[i]![j]!, 8);
      expect(one[i]![j]).toBeCloseTo(i === j ? 1 : 0, 8);
    }
  }
});
