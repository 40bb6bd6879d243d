/** The names of all experiments with a line each, for help that is there at once. */

/** What each experiment is, in the order of the paper, and what the paper has not. */
export const experimentTitles = {
  table1: "spread of feature angles and norms under the true trigger (RAV, RNV)",
  figure2: "angles between features and the rows of the last layer",
  table2: "identification by attack",
  table3: "identification by data set, WaNet",
  table4: "ROC-AUC of identification methods by attack",
  table5: "mitigation by attack: AE, DAE and RE before and after",
  table6: "mitigation methods compared",
  table7: "the paper's method by lambda1, lambda2 and the number of clean images",
  table8: "the paper's method without its feature-space term and without its attention map",
  table9: "the adaptive attack: AE, DAE and identification",
  figure3: "the paper's method with and without its attention map: benign, poisoned, reversed images",
  table10: "how well attacks work: AE and RE",
  figure4: "the estimated target over the steps of a scan",
  figure5: "benign, poisoned and reversed images by attack",
  table11: "identification of WaNet with two targets",
  table12: "identification by architecture, WaNet",
  table13: "mitigation by architecture, WaNet",
  table14: "identification of Blend and SIG",
  table15: "mitigation of Blend and SIG",
  table16: "identification on a larger set, WaNet: give it --seeds 1-30",
  table17: "identification of classifiers with BadNets by Eq. 10",
  figure6: "poisoned and reversed images of a classifier",
  fleet: "identification of all attacks, several networks: give it --seeds 1-10",
} as const;

/** The name of an experiment. */
export type ExperimentName = keyof typeof experimentTitles;
