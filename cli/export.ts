/** `sentiment export`: the model as JSON of the npm package ml-logistic-regression. */
import { writeText } from '../ml/files.ts';
import { exportModel } from '../ml/model/export.ts';
import { checkOutput } from './output.ts';

export type ExportOptions = { model: string; out?: string };

export async function exportJson({ model, out }: ExportOptions): Promise<void> {
  const target = out === undefined ? undefined : checkOutput(out, [model]);
  const exported = exportModel(model);
  const json = `${JSON.stringify(exported)}\n`;
  if (target === undefined) {
    process.stdout.write(json);
    return;
  }
  writeText(target, json);
  const features = (exported.features.length - 1).toLocaleString('en');
  process.stderr.write(`${features} features and an intercept -> ${out}\n`);
}
