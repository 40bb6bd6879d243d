/** Rows picked and added by indices that are computed. */
import { int, string } from "../onnx/model.ts";
import { sizeOf } from "../onnx/tensor-data.ts";
import { full } from "./elementwise.ts";
import type { Tensor } from "./graph.ts";
import { reshape } from "./movement.ts";

/**
 * The rows of a table at computed places.
 *
 * @param table [rows, ...]
 * @param indices int64, flat, in [0, rows)
 */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  const shape = [...indices.shape, ...table.shape.slice(1)];
  return table.graph.emit("Gather", [table, indices], [{ shape, dtype: table.dtype }], { axis: int(0) })[0]!;
}

/**
 * Rows added to zeros: result[indices[i]] += rows[i]. The transpose of {@link gatherRows}.
 *
 * @param rows [n, ...]
 * @param indices int64 with n elements, in [0, count)
 * @param count how many rows the result has
 */
export function scatterRows(rows: Tensor, indices: Tensor, count: number): Tensor {
  const graph = rows.graph;
  const places = reshape(indices, [sizeOf(indices.shape), 1]);
  const shape = [count, ...rows.shape.slice(1)];
  return graph.emit("ScatterND", [full(graph, shape, 0), places, rows], [{ shape }], {
    reduction: string("add"),
  })[0]!;
}
