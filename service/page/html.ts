/** HTML from template literals: every value put in is escaped, unless it is HTML already. */

/** A piece of HTML that is safe to put into another. Made by `html` only. */
export class Html {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type Renderable = Html | string | number | false | undefined | readonly Renderable[];

export function html(strings: TemplateStringsArray, ...values: Renderable[]): Html {
  let source = strings[0];
  for (let i = 0; i < values.length; i++) source += render(values[i]) + strings[i + 1];
  return new Html(source);
}

function render(value: Renderable): string {
  if (value instanceof Html) return value.source;
  if (typeof value === 'object') return value.map(render).join('');
  return value === undefined || value === false ? '' : escapeHtml(String(value));
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // No HTML document may have it.
  '\0': '\ufffd',
};

/** For element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'\0]/g, (char) => ESCAPES[char]);
}
