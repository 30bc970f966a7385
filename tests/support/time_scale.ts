/**
 * The rules of monitoring/ on a faster clock: every duration in them (windows, offsets, `for`) divided by one number,
 * and nothing else touched, so that a rule says of a minute what it said of an hour.
 */
import { parse, stringify } from 'yaml';

type Rule = { record?: string; alert?: string; expr: string; for?: string };
type RuleFile = { groups: { name: string; rules: Rule[] }[] };

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

export function scaleRules(yaml: string, factor: number): string {
  const file: RuleFile = parse(yaml);
  for (const { rules } of file.groups) {
    for (const rule of rules) {
      rule.expr = rule.expr.replace(/\[(\d+[smhd])\]|\boffset (\d+[smhd])\b/g, (whole, window, offset) =>
        whole.replace(window ?? offset, scaleDuration(window ?? offset, factor)),
      );
      if (rule.for !== undefined) rule.for = scaleDuration(rule.for, factor);
    }
  }
  return stringify(file);
}

/** `5m` divided by 60 is `5000ms`. Throws for what is no single duration. */
export function scaleDuration(duration: string, factor: number): string {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`"${duration}" is no duration such as 15s`);
  return `${Math.round((1000 * Number(count) * SECONDS[unit]) / factor)}ms`;
}
