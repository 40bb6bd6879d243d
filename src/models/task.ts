/** What a model's outputs are. */

/** The tasks of models: a vector of numbers, or a score for each class. */
export const tasks = ["regression", "classification"] as const;

/** What a model's outputs are: a vector of numbers, or a score for each class. */
export type Task = (typeof tasks)[number];
