import { describe, expect, it } from 'vitest';
import { html } from './html.ts';

describe('html', () => {
  it('escapes what is put in, in text and attributes', () => {
    const given = `<b>&"'\0`;
    expect(html`<p title="${given}">${given}</p>`.source).toBe(
      '<p title="&lt;b&gt;&amp;&quot;&#39;\ufffd">&lt;b&gt;&amp;&quot;&#39;\ufffd</p>',
    );
  });

  it('takes HTML, lists, numbers and nothing', () => {
    expect(html`<ul>${[1, 2].map((n) => html`<li>${n}</li>`)}${undefined}${false}</ul>`.source).toBe(
      '<ul><li>1</li><li>2</li></ul>',
    );
  });
});
