/** The options of `sentiment batch`, which the image also has as a program of its own (batch_main.ts). */
import { Command } from 'commander';
import { examples, reading, wholeNumber } from './command_line.ts';

export function batchCommand(): Command {
  return reading(new Command('batch'))
    .description('Predicts every table of a folder or of a prefix in S3; several processes can share them.')
    .requiredOption('--from <folder>', 'folder of CSV, TSV or JSON tables, or s3://BUCKET/PREFIX/')
    .requiredOption(
      '--to <folder>',
      'folder of the results, which have the names of their tables, or s3://BUCKET/PREFIX/',
    )
    .requiredOption('--model <file>', 'model file')
    .option('--shards <number>', 'number of processes that share the tables', wholeNumber(1, 100_000), 1)
    .option(
      '--shard <number>',
      "number of this one, from 0 (default: JOB_COMPLETION_INDEX, which Kubernetes' Indexed Jobs set, else 0)",
      wholeNumber(0, 99_999),
    )
    .option(
      '--text-column <names...>',
      'column of the text; several are joined by a sentence end (default: as the model learnt, else text)',
    )
    .option('--prefix <text>', 'prefix for the names of the two added columns', '')
    .option(
      '--keep-going',
      'leave out rows that cannot be read; they are listed in NAME.bad_rows.csv beside the result',
    )
    .option('--known-share', 'add a column with the share of the words that the model knows')
    .option('--spreadsheet-safe', "put ' before cells of CSV and TSV that a spreadsheet would run as a formula")
    .action(async ({ shard = Number(process.env.JOB_COMPLETION_INDEX ?? 0), ...options }) =>
      (await import('./batch.ts')).batch({ shard, ...options }),
    )
    .addHelpText(
      'after',
      `
Each process takes every n-th table by name. A table whose result is there is left alone: a call that was interrupted is
simply repeated.
${examples(
  'batch --from reviews/ --to predicted/ --model my.model',
  'batch --from s3://my-bucket/reviews/ --to s3://my-bucket/predicted/ --model my.model --shards 8 --shard 3',
)}`,
    );
}
