import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { stampFacts } from '../ml/model/artifact.ts';
import type { ModelFacts } from '../ml/model/types.ts';
import { accessibilityProblems, launchChromium } from './support/chromium.ts';
import { need } from './support/need.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

/** As a registered model carries. */
const FACTS: Partial<ModelFacts> = {
  trainedAt: '2026-11-01T00:00:00.000Z',
  domains: { movies: 200, shop: 100 },
  metrics: {
    n_test: 300,
    accuracy: 0.8,
    accuracy_se: 0.02,
    n_test_movies: 200,
    accuracy_movies: 0.82,
    n_test_shop: 100,
    accuracy_shop: 0.76,
    fairness_family_spread: 0.05,
  },
  card: {
    slices: [{ by: 'words', from: 1, to: 12, count: 150, accuracy: 0.78, accuracy_se: 0.03 }],
    calibration: [
      { predicted: 0.1, observed: 0.15, count: 100 },
      { predicted: 0.9, observed: 0.88, count: 200 },
    ],
    behaviour: [{ file: 'behaviour/films.yaml', name: 'negated praise', decides: true, passed: 9, total: 10 }],
    examples: [{ text: 'A lovely story of dreadful people, and never boring.', label: 'positive' }],
  },
};

const TEXT = 'The ending was lovely,\nbut every scene was dreadful & <b>boring</b>.';

describe.skipIf(!need('chromium'))('the page', () => {
  let model: TestModel;
  let service: ServiceProcess;
  let browser: Browser;
  let page: Page;
  /** Addresses that the page asked for. */
  let requested: string[];

  beforeAll(async () => {
    model = await createTestModel();
    const path = join(model.folder, 'registered.bin');
    stampFacts(model.path, path, FACTS);
    service = await startService({
      MODEL_URI: path,
      DRAIN_SECONDS: '0',
      FEEDBACK_TO: `file:${model.folder}/feedback`,
    });
    browser = await launchChromium();
  });
  afterEach(() => page.context().close());
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await model?.remove();
  });

  async function open(options: BrowserContextOptions = {}, address = service.address): Promise<void> {
    page = await (await browser.newContext(options)).newPage();
    requested = [];
    page.on('request', (request) => requested.push(request.url()));
    await page.goto(address);
  }

  async function judge(text: string): Promise<void> {
    await page.getByLabel('Your text').fill(text);
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Analyze', exact: true }).click()]);
  }

  const verdict = () => page.getByRole('heading', { name: /(Positive|Negative) Sentiment/ });
  const marks = (selector: string) => page.locator(`.marked ${selector}`).allTextContents();
  // What runs in the page is text: the types of this program are Node's, not a browser's.
  const style = (selector: string, property: string) =>
    page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`);

  describe('without JavaScript', () => {
    test('takes a text and shows label, confidence and the decisive words', async () => {
      await open({ javaScriptEnabled: false });
      await judge('This story was lovely from start to end.');
      await expect.poll(() => verdict().textContent()).toMatch(/^▲\s*Positive Sentiment$/);
      await expect(page.getByText(/^Confidence \d\d %$|^Confidence over 99 %$/).isVisible()).resolves.toBe(true);
      expect(await page.getByLabel('Your text').inputValue()).toBe('This story was lovely from start to end.');
      expect((await marks('.p3')).join(' ')).toContain('lovely');
      expect(await page.title()).toBe('Positive Sentiment – Sentiment of a text');
    });

    test('classifies an example with one click', async () => {
      await open({ javaScriptEnabled: false });
      const example = page.getByRole('button', { name: /^A lovely story/ });
      const text = await example.textContent();
      await example.click();
      await verdict().waitFor();
      expect(await page.getByLabel('Your text').inputValue()).toBe(text);
    });

    test('takes several texts, one per line, and explains each of them behind a link', async () => {
      await open({ javaScriptEnabled: false });
      await page.getByLabel('Several texts').check();
      await judge('A lovely story.\n\nIt was dreadful and boring.');
      await page.getByRole('heading', { name: '2 texts: 1 negative, 1 positive' }).waitFor();
      expect(await page.getByRole('row', { name: /^A lovely story/ }).textContent()).toMatch(/▲ positive/);
      await page.getByRole('link', { name: 'It was dreadful and boring.' }).click();
      await expect.poll(() => verdict().textContent()).toContain('Negative Sentiment');
      expect(page.url()).toBe(`${service.address}/?text=It%20was%20dreadful%20and%20boring.#result`);
    });

    test('explains that a blank text is invalid, and shows the form again', async () => {
      await open({ javaScriptEnabled: false });
      await judge('   ');
      expect(await page.getByRole('alert').textContent()).toBe('The text is empty.');
      await judge('This was dreadful and boring.');
      expect(await verdict().textContent()).toContain('Negative Sentiment');
    });
  });

  test('takes a judgement of its answer', async () => {
    await open();
    await judge('This story was lovely from start to end.');
    await page.getByRole('button', { name: 'Wrong: it is negative' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  test('shows the text unchanged, including markup and line breaks', async () => {
    await open();
    await judge(TEXT);
    const shown = await page.evaluate<string>(`{
      const marked = document.querySelector('.marked');
      for (const spoken of marked.querySelectorAll('.unseen')) spoken.remove();
      marked.textContent;
    }`);
    expect(shown.replaceAll('\r\n', '\n')).toBe(TEXT);
    expect(await page.getByLabel('Your text').inputValue()).toBe(TEXT);
    expect(await page.locator('.marked b').count()).toBe(0);
  });

  test('distinguishes positive and negative words without colour: by underline, in words, and in a table', async () => {
    await open();
    await judge(TEXT);
    expect(await style('.marked [class^="p"]', 'text-decoration-style')).toBe('solid');
    expect(await style('.marked [class^="n"]', 'text-decoration-style')).toBe('wavy');
    expect(await marks('.n3 .unseen')).toContain(' (negative)');
    const row = page.getByRole('row', { name: /^dreadful/ });
    expect(await row.textContent()).toMatch(/^dreadful▼ negative−\d\.\d\d$/);
  });

  test('works with the keyboard alone, and moves the focus to the result', async () => {
    await open();
    const focused = () => page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
    const reach = async (what: string) => {
      for (let presses = 0; (await focused()) !== what; presses++) {
        expect(presses, `Tab does not reach "${what}"`).toBeLessThan(10);
        await page.keyboard.press('Tab');
      }
    };
    await reach('text');
    await page.keyboard.type('This story was lovely.');
    await reach('Analyze');
    expect(await style('.go', 'outline-style')).toBe('solid');
    await page.keyboard.press('Enter');
    await verdict().waitFor();
    await expect.poll(focused).toBe('result');
  });

  test.each(['light', 'dark'] as const)('in %s colours is accessible by the rules of axe', async (colorScheme) => {
    // axe measures the contrast of what is at rest; evaluate() is not bound by the page's own policy.
    await open({ colorScheme });
    expect(await accessibilityProblems(page)).toEqual([]);
    await judge(TEXT);
    expect(await accessibilityProblems(page)).toEqual([]);
    await judge('   ');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByLabel('Several texts').check();
    await judge('A lovely story.\nIt was dreadful.');
    expect(await accessibilityProblems(page)).toEqual([]);
    for (const path of ['/nothing', '/model']) {
      await page.goto(`${service.address}${path}`);
      expect(await accessibilityProblems(page), path).toEqual([]);
    }
  });

  test('answers a table that is dropped on it, in pieces, and gives the answers for a download', async () => {
    const rows = Array.from(
      { length: 1000 },
      (_, i) => `${i};"${i % 2 ? 'A ""lovely"" story' : 'Dreadful;\nand boring'}"`,
    );
    const file = join(model.folder, 'reviews.csv');
    await writeFile(file, `\ufeffid;review\r\n${rows.join('\r\n')}\r\n1000;\r\n`);
    await open();
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    expect(await page.getByLabel('Column with the text').locator('option:checked').textContent()).toBe('review');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Analyze the file' }).click();
    const link = page.getByRole('link', { name: 'Download the answers' });
    await link.waitFor();
    expect(await page.getByRole('status').first().textContent()).toBe(
      'Done: 1,001 texts answered, 1 of them not: the column error says why.',
    );
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toBe('reviews-answers.csv');
    const answers = (await readFile(await download.path(), 'utf8')).split('\r\n');
    expect(answers[0]).toBe('id,review,label,confidence,known_share,error');
    expect(answers[1]).toMatch(/^0,"Dreadful;\nand boring",negative,0\.\d+,\d(\.\d+)?,$/);
    expect(answers[2]).toMatch(/^1,"A ""lovely"" story",positive,/);
    expect(answers.at(-2)).toMatch(/^1000,,,,,"""texts\[\d+\]"" is empty"$/);
    expect(answers).toHaveLength(1003);
    // Four of 256 at most, and the page itself.
    expect(requested.filter((url) => url.endsWith('/predict'))).toHaveLength(4);
  });

  test('says what is wrong with a file, and stops on demand', async () => {
    await open();
    const said = page.locator('#file-said');
    const input = page.getByLabel('File', { exact: true });
    await input.setInputFiles({
      name: 'latin.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('text\ncaf\xe9\n', 'latin1'),
    });
    await page.getByRole('button', { name: 'Analyze the file' }).click();
    await expect.poll(() => said.textContent()).toBe('The file is not UTF-8. Save it as UTF-8 and try again.');
    await page.route('**/predict', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '30' } }));
    await input.setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('lovely\ndreadful\n') });
    await page.getByRole('button', { name: 'Analyze the file' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => said.textContent()).toBe('Stopped. Nothing was kept.');
  });

  test('gives its question as a command, and its result as a link', async () => {
    await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await judge("it's lovely");
    await page.getByText('Share, or ask from a program').click();
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    await page.getByText('Copied.').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      `curl -d '{"text":"it\\u0027s lovely"}' ${service.address}/predict`,
    );
    expect(await page.getByRole('link', { name: 'Link to this result' }).getAttribute('href')).toBe(
      './?text=it&#39;s%20lovely#result'.replace('&#39;', "'"),
    );
  });

  test('has a model card with what the model carries', async () => {
    await open({}, `${service.address}/model`);
    const row = async (name: RegExp) => (await page.getByRole('row', { name }).first().textContent())?.trim();
    expect(await row(/^Accuracy/)).toBe('Accuracy0.8000.761 to 0.839share of right answers');
    expect(await row(/^shop/)).toMatch(/^shop1001000\.760/);
    expect(await row(/^words 1 to 12/)).toBe('words 1 to 121500.7800.721 to 0.839');
    expect(await row(/^negated praise/)).toBe('negated praisebehaviour/films.yaml9 of 10');
    expect(await page.getByText('It is weakest on shop: 76.0 % right.').isVisible()).toBe(true);
    expect(await page.getByRole('img', { name: /^Calibration: 0\.10 predicted, 0\.15 observed/ }).isVisible()).toBe(
      true,
    );
  });

  test('shows the API in its viewer, which asks only this service and breaks no policy', async () => {
    const complaints: string[] = [];
    await open();
    page.on('console', (message) => complaints.push(message.text()));
    await page.getByRole('link', { name: 'API' }).click();
    await page.getByText('Predict the sentiment of one or several texts').click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.locator('.body-param__text').fill('{"text": "lovely"}');
    await page.getByRole('button', { name: 'Execute' }).click();
    await page
      .locator('.live-responses-table .response .highlight-code')
      .filter({ hasText: 'Positive Sentiment' })
      .first()
      .waitFor();
    expect(new Set(requested.map((url) => new URL(url).origin))).toEqual(new Set([service.address]));
    expect(complaints).toEqual([]);
  });

  test('works under a prefix, whether the proxy cuts it off or not', async () => {
    const own = await startService({ MODEL_URI: model.path, DRAIN_SECONDS: '0', PATH_PREFIX: '/nlp/sentiment' });
    const target = new URL(own.address);
    // It cuts /cut off.
    const proxy = createServer((incoming, outgoing) => {
      const { method, headers, url = '' } = incoming;
      const path = url.replace(/^\/cut(?=\/)/, '');
      const passed = request({ host: target.hostname, port: target.port, method, headers, path }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      incoming.pipe(passed);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    try {
      const bound = proxy.address();
      const port = typeof bound === 'object' && bound ? bound.port : 0;
      for (const start of [`${own.address}/nlp/sentiment`, `http://127.0.0.1:${port}/cut/`]) {
        await open({}, start);
        await judge('This story was lovely.');
        expect(await verdict().textContent()).toContain('Positive');
        const base = start.endsWith('/') ? start : `${start}/`;
        for (const [name, path] of [
          ['Model card', 'model'],
          ['API', 'docs/'],
          ['Version', 'version'],
        ]) {
          await page.goto(`${base}`);
          await page.getByRole('link', { name }).click();
          expect(page.url()).toBe(`${base}${path}`);
        }
        await page.goto(`${base}no/such/page`);
        await page.getByRole('link', { name: 'Back to the page' }).click();
        expect(page.url()).toBe(base);
        await page.context().close();
      }
      await open();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
      await own.stop();
    }
  });

  test('is valid HTML of less than 60 KB', async () => {
    await open();
    const validator = new HtmlValidate({
      extends: ['html-validate:standard'],
      rules: {
        // Of style and script: hashes take the place of a nonce.
        'require-sri': 'off',
        'no-inline-style': 'error',
      },
    });
    const form = (fields: Record<string, string>) =>
      fetch(`${service.address}/predict`, {
        method: 'POST',
        headers: { accept: 'text/html' },
        body: new URLSearchParams(fields),
      });
    const pages = {
      home: await fetch(service.address),
      result: await form({ text: TEXT }),
      several: await form({ text: 'lovely\ndreadful', lines: '1' }),
      empty: await form({ text: ' ' }),
      missing: await fetch(`${service.address}/nothing`, { headers: { accept: 'text/html' } }),
      model: await fetch(`${service.address}/model`),
      docs: await fetch(`${service.address}/docs/`),
    };
    for (const [name, response] of Object.entries(pages)) {
      const text = await response.text();
      const { results } = await validator.validateString(text);
      const messages = results.flatMap((result) => result.messages);
      expect(
        messages.map(({ ruleId, message, line }) => `${line}: ${message} (${ruleId})`),
        name,
      ).toEqual([]);
      expect(Buffer.byteLength(text), name).toBeLessThan(60_000);
    }
  });

  test('paints after one request and no script of others, and says how long that took', async () => {
    await open();
    const paint = await page.evaluate<number>(`new Promise((resolve) => {
      new PerformanceObserver((list) => {
        for (const { startTime } of list.getEntriesByName('first-contentful-paint')) resolve(startTime);
      }).observe({ type: 'paint', buffered: true });
    })`);
    expect(paint).toBeGreaterThan(0);
    expect(requested).toHaveLength(1);
    // A figure, not a limit: what a loaded machine takes says nothing about the page.
    console.log(`first paint of the page: ${Math.round(paint)} ms`);
  });

  test('follows the preferred colour scheme', async () => {
    await open({ colorScheme: 'light' });
    const light = await style('body', 'background-color');
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await style('body', 'background-color');
    expect(brightness(light)).toBeGreaterThan(200);
    expect(brightness(dark)).toBeLessThan(50);
    expect(brightness(await style('body', 'color'))).toBeGreaterThan(200);
  });

  test('fits a narrow screen', async () => {
    await open({ viewport: { width: 320, height: 640 } });
    await judge(`${TEXT} ${'unbroken'.repeat(40)}`);
    const [width, room] = await page.evaluate<number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    expect(width).toBe(room);
  });

  test('loads nothing from other hosts, and its policy forbids it', async () => {
    const complaints: string[] = [];
    await open();
    page.on('console', (message) => complaints.push(message.text()));
    await judge(TEXT);
    expect(requested.map((url) => new URL(url).origin)).toEqual(requested.map(() => service.address));
    expect(requested).toHaveLength(2);
    expect(complaints).toEqual([]);
    const loaded = await page.evaluate<string>(`new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      const image = new Image();
      image.onload = () => resolve('loaded');
      image.src = '/metrics';
    })`);
    expect(loaded).toBe('img-src');
  });
});

/** Mean of the three channels of "rgb(r, g, b)", 0 to 255. */
function brightness(rgb: string): number {
  const channels = rgb.match(/\d+/g)?.map(Number) ?? [];
  return (channels[0] + channels[1] + channels[2]) / 3;
}
