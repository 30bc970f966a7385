/**
 * A settings file in YAML, checked against a schema. Every complaint is a usage error (exit code 2) that names the file,
 * the line, the field and the value, and ends with what the schema says of the field.
 */
import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isScalar, parseDocument } from 'yaml';
import { z } from 'zod';
import { SentimentError, usageError } from './errors.ts';

/** Names the error codes, PARAMS_INVALID for one, and the command-line option that names another file. */
export type SettingsKind = 'params' | 'experiments' | 'behaviour';
export type Keys = readonly PropertyKey[];

/** Throws PARAMS_MISSING, EXPERIMENTS_MISSING or BEHAVIOUR_MISSING (exit code 1), and what the constructor throws. */
export function readYamlFile(path: string, kind: SettingsKind): YamlFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SentimentError(`${kind.toUpperCase()}_MISSING`, `cannot read ${path}`, {
      cause,
      next: `run from the repository root, or name the file with --${kind}`,
    });
  }
  return new YamlFile(text, path, kind);
}

export class YamlFile {
  readonly path: string;
  readonly #code: string;
  readonly #text: string;
  readonly #document: Document;

  /** Throws PARAMS_INVALID (or that of another kind) for text that is not YAML. */
  constructor(text: string, path: string, kind: SettingsKind) {
    this.path = path;
    this.#code = `${kind.toUpperCase()}_INVALID`;
    this.#text = text;
    this.#document = parseDocument(text);
    const [error] = this.#document.errors;
    if (!error) return;
    const line = error.linePos ? `:${error.linePos[0].line}` : '';
    const [message] = error.message.split('\n');
    throw usageError(this.#code, `${path}${line} is not valid YAML: ${message.replace(/ at line \d.*/, '')}`);
  }

  has(keys: Keys): boolean {
    return this.#document.hasIn(keys);
  }

  /** The file's values. A top-level key without a value counts as left out. Throws PARAMS_INVALID and so on. */
  check<T>(schema: z.ZodType<T>): T {
    const value: unknown = this.#document.toJS() ?? {};
    if (!isRecord(value)) return this.checkValue(schema, value);
    return this.checkValue(schema, Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null)));
  }

  /**
   * The same for a value that was made from parts of the file. `locate` gives the keys in the file of a field of `value`.
   */
  checkValue<T>(schema: z.ZodType<T>, value: unknown, locate: (field: Keys) => Keys = (field) => field): T {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const { issues } = result.error;
    // A misspelt key is also a missing one: its own name helps more.
    const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
    const isUnknown = issue.code === 'unrecognized_keys';
    const field = isUnknown ? [...issue.path, issue.keys[0]] : issue.path;
    const line = this.#lineOf(locate(field));
    const known = isUnknown ? Object.keys(schemaAt(schema, issue.path).properties ?? {}) : [];
    throw usageError(
      this.#code,
      `${this.path}${line ? `:${line}` : ''}: ${field.join('.') || 'the file'}: ` +
        (isUnknown ? 'unknown setting' : `${issue.message}${got(value, field)}`),
      known.length > 0 ? `known settings: ${known.join(', ')}` : describe(schema, field),
    );
  }

  /** Line of a key, or of the nearest key above it that the file has. */
  #lineOf(keys: Keys): number | undefined {
    if (keys.length === 0) return undefined;
    const parent = keys.length === 1 ? this.#document.contents : this.#document.getIn(keys.slice(0, -1), true);
    const name = keys.at(-1);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === name)
      : undefined;
    const node = pair?.key ?? this.#document.getIn(keys, true);
    if (!isNode(node) || !node.range) return this.#lineOf(keys.slice(0, -1));
    return this.#text.slice(0, node.range[0]).split('\n').length;
  }
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function got(value: unknown, field: Keys): string {
  let inner = value;
  for (const key of field) inner = isRecord(inner) || Array.isArray(inner) ? inner[key as number] : undefined;
  return inner === undefined || (typeof inner === 'object' && inner !== null) ? '' : ` (got ${JSON.stringify(inner)})`;
}

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** The description and default of a field, or undefined where the schema has none. */
function describe(schema: z.ZodType, field: Keys): string | undefined {
  const { description, default: value } = schemaAt(schema, field);
  if (description === undefined) return undefined;
  return `${String(field.at(-1))}: ${description}${value === undefined ? '' : ` The default is ${JSON.stringify(value)}.`}`;
}

function schemaAt(schema: z.ZodType, field: Keys): JsonSchema {
  let at = objectOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  for (const key of field) {
    const inner = at.properties?.[String(key)] ?? at.additionalProperties ?? at.items;
    // Elements of an array that are no objects are described with the array.
    if (typeof inner !== 'object' || Array.isArray(inner)) break;
    const next = objectOf(inner);
    if (at.type === 'array' && !next.properties) break;
    at = next;
  }
  return at;
}

/** Of an object or null, the object. */
function objectOf(schema: JsonSchema): JsonSchema {
  const object = schema.anyOf?.find((one) => typeof one === 'object' && one.properties);
  return typeof object === 'object' ? object : schema;
}
