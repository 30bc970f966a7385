/**
 * The commands of `sentiment`, their options and their help. Each command's code is in the file of its name and is
 * loaded only when it runs, so that --help stays fast.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { batchCommand } from './batch_command.ts';
import {
  examples,
  FORMATS,
  labelledSource,
  PARAMS,
  RUN,
  reading,
  refuseRepeats,
  wholeNumber,
  withModel,
} from './command_line.ts';
import type { DefaultModel } from './default_model.ts';

/** The project's own model, whatever the current folder is. Paths that are given start there. */
const ROOT = resolve(import.meta.dirname, '..');

/** All commands. */
export function createProgram(): Command {
  const program = new Command('sentiment')
    .description('Sentiment analysis of English texts: train a model, evaluate it, predict, explain, serve.')
    .version(packageJson.version)
    .exitOverride()
    // runMain prints every error, once.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', `\nHelp for one command: ${RUN} predict --help`);

  labelledSource(program.command('train'))
    .description('Trains a model on labelled texts and writes it to one file.')
    .requiredOption('--out <file>', 'model file to write')
    .option(
      '--prior <name>',
      'model whose opinion of words to begin with: auto (general below 3,000 texts where it helps), general, none, or a file',
    )
    .option(
      '--threads <number>',
      'threads that share the work; the model is the same',
      wholeNumber(1, 64),
      Math.min(availableParallelism(), 2),
    )
    .action(async (options) => (await import('./train.ts')).train(options))
    .addHelpText(
      'after',
      examples(
        'train --data reviews.csv --out my.model',
        'train --data reviews.tsv --text-column review --label-column stars --positive 4 5 --negative 1 2 --neutral 3 --out my.model',
        'train --data reviews.csv --text-column title text --out my.model',
        'train --data tweets.csv --classes negative neutral positive --out my.model',
        'train --data reviews.csv --label-column stars --classes 1 2 3 4 5 --out my.model',
        'train --data reviews.jsonl --params my-params.yaml --out my.model',
        'train --data hundred.csv --prior general --out my.model',
      ),
    );

  labelledSource(program.command('evaluate'))
    .description(
      'Cross-validates on labelled texts with the settings of params.yaml; prints mean and standard error. ' +
        'With --model, tests a saved model on texts of your own instead.',
    )
    .option('--cv <folds>', 'number of folds', wholeNumber(2, 255), 5)
    .addOption(new Option('--model <file>', 'saved model to test on --data').conflicts('cv'))
    .option('--mistakes <file>', 'with --model: CSV file to write with its mistakes, the most confident first')
    .option('--behaviour <files...>', 'with --model: files of behaviour tests to run (docs/model.md)')
    .option('--json', 'print JSON instead of a table')
    .action(async (options) => (await import('./evaluate.ts')).evaluate(options))
    .addHelpText(
      'after',
      `
With --model, columns and labels are by default those that the model learnt with. It prints the accuracy with its 95 %
interval, the confusion matrix, each class and all measures. Texts that the model has learnt from flatter it.
${examples(
  'evaluate --cv 5',
  'evaluate --model my.model --data test.csv --mistakes mistakes.csv',
  'evaluate --model my.model --behaviour behaviour/general.yaml my-sentences.yaml',
  'evaluate --data reviews.csv --text-column review --label-column stars --positive 4 5 --negative 1 2 --neutral 3',
  'evaluate --data embedded:amazon --json > amazon.json',
)}`,
    );

  labelledSource(program.command('doubt'))
    .description('Lists the texts whose labels a model that has not seen them contradicts most, as CSV.')
    .option('--cv <folds>', 'number of folds', wholeNumber(2, 255), 5)
    .option('--out <file>', 'CSV file to write (default: stdout)')
    .action(async (options) => (await import('./doubt.ts')).doubt(options))
    .addHelpText(
      'after',
      `
Each text is predicted by a model that was trained on the other folds (confident learning). The most doubtful label comes
first, with the suggested one and its probability. Some labels are right and the text is only unusual: read before you change.
${examples('doubt --out doubtful.csv', 'doubt --data reviews.csv --label-column stars --positive 4 5 --negative 1 2 --neutral 3')}`,
    );

  reading(withModel(program.command('predict')))
    .description('Predicts the label of one text, of each line of stdin, or of each row of a table.')
    .argument('[text]', 'the text; without it, texts are read from stdin, one per line')
    .option('--data <file>', 'table of texts: CSV, TSV, JSONL or a JSON array, optionally packed; - means stdin')
    .addOption(
      new Option('--format <name>', 'format of --data, if neither its content nor its name shows it').choices(FORMATS),
    )
    .option(
      '--text-column <names...>',
      'column of the text; several are joined by a sentence end (default: as the model learnt, else text)',
    )
    .option('--out <file>', 'table to write: .csv, .tsv or .jsonl (default: stdout, in the format of --data)')
    .option('--prefix <text>', 'prefix for the names of the two added columns', '')
    .option('--keep-going', 'leave out rows that cannot be read, tell their lines and end with exit code 4')
    .option('--bad-rows <file>', 'with --keep-going: CSV file to write with line, column and problem of each such row')
    .option('--written-out', 'read a written-out \\n, \\t or \\" in the texts as line end, tab or quote')
    .option('--known-share', 'add a column with the share of the words that the model knows')
    .option(
      '--threads <number>',
      'threads that read, answer and write the rows of a large file; 0: one thread does all',
      wholeNumber(0, 64),
      Math.min(availableParallelism(), 8),
    )
    .option('--spreadsheet-safe', "put ' before cells of CSV and TSV that a spreadsheet would run as a formula")
    .action(async (text, options) => (await import('./predict.ts')).predict(text, await choosingModel(options)))
    .addHelpText(
      'after',
      `
With --data, rows keep their order and columns and get two more: label (positive or negative) and probability (of
positive, 0 to 1); for more than two classes, probability is that of the label, and probability_CLASS follows for each.
They stay empty in a row without a text. The label alone is empty where the model knows no word of the text, or is less
sure than its decision demands. In the format of --data, the columns come back byte for byte,
cells that begin with = + - or @ included: use --spreadsheet-safe if people will open a table of unknown origin. Without
--keep-going, the first bad row ends the run. Without --data, each text gives one line: label, probability and text,
separated by tabs.
${examples(
  'predict "a film to remember"',
  'predict --data reviews.csv --text-column review --out predicted.csv',
  'predict --data labelled.csv --prefix predicted_ --out compared.jsonl',
  'predict --data reviews.csv --out predicted.csv --keep-going --bad-rows bad.csv',
  'predict < texts.txt',
  'predict --data - --format jsonl < reviews.jsonl | head',
)}`,
    );

  program.addCommand(batchCommand());

  withModel(program.command('explain'))
    .description('Shows how much each word contributed to the prediction, in log-odds.')
    .argument('<text>', 'the text')
    .option('--top <count>', 'number of words to show, the strongest', wholeNumber(1, 100_000), 40)
    .option('--class <name>', 'class to explain (default: the predicted one; of two classes, the second)')
    .option('--json', 'print the explanation as JSON, with the offset of each word')
    .action(async (text, options) => (await import('./explain.ts')).explain(text, await choosingModel(options)))
    .addHelpText(
      'after',
      examples('explain "not bad at all"', 'explain --model my.model --json "slow, but worth the wait"'),
    );

  withModel(program.command('export'))
    .description('Writes a model as JSON that the npm package ml-logistic-regression can load.')
    .option('--out <file>', 'JSON file to write (default: stdout)')
    .action(async (options) => (await import('./export.ts')).exportJson(await choosingModel(options)))
    .addHelpText('after', examples('export --out model.json', 'export --model my.model > model.json'));

  withModel(program.command('serve'))
    .description('Serves a model over HTTP: a web page, POST /predict and metrics. Same as: node service/main.ts')
    .option(
      '--port <number>',
      'port to listen on; 0 means any free one (default: $PORT or 8080)',
      wholeNumber(0, 65_535),
    )
    .option('--host <address>', 'address to listen on (default: $HOST or 127.0.0.1)')
    .action(async (options) => serve(await choosingModel(options)))
    .addHelpText(
      'after',
      `
All other settings are environment variables; this lists them: node service/main.ts --help
${examples('serve', 'serve --model my.model --port 9000')}`,
    );

  program
    .command('rollback-model')
    .description('Puts an earlier model back into Production and holds the one that was left; or ends a hold.')
    .argument('[version]', 'version to go to, or with --lift the held one (default: the one before; the only held one)')
    .option('--reason <text>', 'why, which the version keeps; needed for going back')
    .option('--lift', 'end the hold: the pipeline may promote this model again')
    .option('--by <name>', 'who decides (default: your user name)')
    .addOption(new Option('--params <file>', 'file that names the model').default(PARAMS, "the project's params.yaml"))
    .action(async (version, options) => (await import('./rollback_model.ts')).rollbackModel(version, options))
    .addHelpText(
      'after',
      `
Works on the MLflow of MLFLOW_TRACKING_URI, or without it on the local one of make run. docs/lifecycle.md shows the states.
${examples(
  'rollback-model --reason "calls every refund request positive"',
  'rollback-model 3 --reason "the last one we trust"',
  'rollback-model 4 --lift',
)}`,
    );

  for (const command of program.commands) refuseRepeats(command);
  return program;
}

/** Options with the default of --model filled in; stderr says so when that is the version in Production. */
async function choosingModel<T extends { model?: string }>(
  options: T,
): Promise<T & { model: string; production?: DefaultModel['production'] }> {
  const { model } = options;
  if (model !== undefined) return { ...options, model };
  const { path, production } = await (await import('./default_model.ts')).defaultModel(ROOT);
  if (production) process.stderr.write(`model: ${production.name} version ${production.version}, in Production\n`);
  return { ...options, model: path, ...(production && { production }) };
}

type ServeOptions = { model: string; production?: DefaultModel['production']; port?: number; host?: string };

/** Options override environment variables. */
async function serve({ model, production, port, host }: ServeOptions): Promise<void> {
  const [{ readConfig }, { runService }] = await Promise.all([
    import('../service/config.ts'),
    import('../service/server.ts'),
  ]);
  const config = readConfig(process.env);
  const served = production && { modelName: production.name, modelVersion: production.version };
  const settings = { ...config, ...served, modelUri: model, port: port ?? config.port, host: host ?? config.host };
  await runService(settings, (service) =>
    process.stderr.write(`serving ${model} on ${service.address} (Ctrl-C ends it)\n`),
  );
}
