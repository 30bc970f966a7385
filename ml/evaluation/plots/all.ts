/** Every plot of an evaluation by the name of its file. */
import type { TopLevelSpec } from 'vega-lite';
import type { Evaluation } from '../evaluation.ts';
import { calibrationSpec } from './calibration_spec.ts';
import { confusionSpec } from './confusion_matrix.ts';
import { precisionRecallSpec, rocSpec } from './curve_specs.ts';
import { renderSvg } from './render.ts';
import { topWordsSpec } from './top_words_spec.ts';

/** SVG text of confusion_matrix, roc, precision_recall, calibration and top_words. Equal evaluations, equal bytes. */
export async function drawPlots(evaluation: Evaluation, binCount: number): Promise<Record<string, string>> {
  const { metrics, outcomes, roc, precisionRecall, calibration, topWords } = evaluation;
  const specs: Record<string, TopLevelSpec> = {
    confusion_matrix: confusionSpec(outcomes, metrics.accuracy, metrics.accuracy_se),
    roc: rocSpec(roc, outcomes, metrics.roc_auc, metrics.roc_auc_se),
    precision_recall: precisionRecallSpec(
      precisionRecall,
      outcomes,
      metrics.average_precision,
      metrics.average_precision_se,
    ),
    calibration: calibrationSpec(calibration, binCount, metrics.ece, metrics.ece_se),
    top_words: topWordsSpec(topWords),
  };
  const drawn: Record<string, string> = {};
  for (const [name, spec] of Object.entries(specs)) drawn[name] = await renderSvg(spec);
  return drawn;
}
