/** Stage 5: evaluates the model on the held-out texts: metrics with standard errors, behaviour tests, plots. */
import { join } from 'node:path';
import { readReviews } from '../corpus/reviews_file.ts';
import { runMain } from '../errors.ts';
import { domainsOf, readBehaviourFiles, runBehaviourTests } from '../evaluation/behaviour.ts';
import type { ClassCurves } from '../evaluation/curves.ts';
import { type Evaluation, evaluateModel, summarize } from '../evaluation/evaluation.ts';
import { confusionRecords, domainRecords, drawPlots } from '../evaluation/plots/plots.ts';
import { writeJson, writeLines, writeRows, writeText } from '../files.ts';
import { readModel } from '../model/artifact.ts';
import { readParams } from '../params.ts';
import { loadMatrix } from './matrix_file.ts';
import { paths } from './paths.ts';
import { checkSkew } from './skew.ts';

await runMain(async () => {
  const params = readParams().model_evaluation;
  const model = readModel(paths.model);
  // Raw texts: the model normalises them itself.
  const reviews = [...readReviews(paths.rawTest)];
  const compared = checkSkew(model, loadMatrix(paths.processedTest).x, reviews);
  const behaviour = runBehaviourTests(
    model,
    readBehaviourFiles(params.behaviour, model.classes),
    domainsOf(model.facts),
  );
  const evaluation = evaluateModel(model, reviews, behaviour, params);
  const plots = await drawPlots(evaluation, params.calibration_bins);
  writeReports(evaluation);
  for (const [name, svg] of Object.entries(plots)) writeText(join(paths.plots, `${name}.svg`), svg);
  console.log(summarize(evaluation));
  console.log(`train/serve skew: none in ${compared.toLocaleString('en')} texts`);
});

function writeReports(evaluation: Evaluation): void {
  const { classes, curves } = evaluation;
  writeRows(paths.confusionMatrix, confusionRecords(evaluation.scored, classes));
  // Two classes have one curve of each kind; the curves of more are told apart by their class.
  const rowsOf = <Row extends object>(of: (own: ClassCurves) => Row[]) =>
    curves.flatMap((own) => of(own).map((row) => (classes.length === 2 ? row : { class: own.name, ...row })));
  writeRows(
    paths.roc,
    rowsOf(({ roc }) => roc),
  );
  writeRows(
    paths.precisionRecall,
    rowsOf(({ precisionRecall }) => precisionRecall),
  );
  writeRows(
    paths.calibration,
    rowsOf(({ calibration }) => calibration),
  );
  writeRows(paths.domainPlot, domainRecords(evaluation.domains));
  writeRows(paths.topWords, evaluation.topWords);
  writeJson(paths.behaviour, evaluation.behaviour);
  writeJson(paths.domains, evaluation.domains);
  writeJson(paths.slices, evaluation.slices);
  writeLines(paths.mistakes, evaluation.mistakes);
  writeJson(paths.metrics, evaluation.metrics);
}
