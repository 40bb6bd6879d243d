/** The paper's method for classifiers: Eq. 10. */
import { applyModel, type Examination, type ExaminedModel } from "../../models/examined-model.ts";
import { assertDenseHead, endsInSoftmax } from "../../models/split.ts";
import type { Task } from "../../models/task.ts";
import type { Tensor } from "../../tensor/graph.ts";
import { softmax } from "../../tensor/reduction.ts";

/** What a model with a last dense layer makes of images in a program. */
type AnsweredExamination = Examination & { readonly angles: Tensor };

/**
 * Adds what the method looks at to a program: as {@link applyModel}, with the probabilities S(f(x)) of a classifier as outputs.
 *
 * Throws E_NO_DENSE_HEAD for a model without a last dense layer.
 *
 * @param image [N, C, H, W] in [0, 1]
 */
export function applyForTask(examined: ExaminedModel, image: Tensor, task: Task): AnsweredExamination {
  assertDenseHead(examined.split, "the paper's method");
  const { outputs, features, angles } = applyModel(examined, image);
  const isFinished = task === "regression" || endsInSoftmax(examined.instance, examined.split);
  return { outputs: isFinished ? outputs : softmax(outputs), features, angles: angles! };
}
