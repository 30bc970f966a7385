/** `sentiment train`: labelled texts to a model file, with nothing in between. */
import { saveModel } from '../model/artifact.ts';
import { trainModel } from '../training.ts';
import { type LabelledSourceOptions, paramsOf, readLabelled } from './labelled_source.ts';
import { checkOutput } from './output_file.ts';

export type TrainOptions = LabelledSourceOptions & { out: string };

/** Throws what checkOutput, the source and trainModel throw. */
export async function train(options: TrainOptions): Promise<void> {
  const params = paramsOf(options);
  const out = checkOutput(options.out, [params.data_ingestion.source, options.params]);
  const reviews = await readLabelled(params);
  process.stderr.write('learning ...\n');
  const began = performance.now();
  const model = trainModel(reviews, params);
  const digest = saveModel(out, model.parts);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(
    `${model.featureCount.toLocaleString('en')} features learnt in ${seconds} s -> ${options.out} (SHA-256 ${digest.slice(0, 12)})\n`,
  );
}
