import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityProblems, launchChromium } from './support/chromium.ts';
import { need } from './support/need.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './support/service.ts';

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
    service = await startService({
      MODEL_URI: model.path,
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

  async function open(options: BrowserContextOptions = {}): Promise<void> {
    page = await (await browser.newContext(options)).newPage();
    requested = [];
    page.on('request', (request) => requested.push(request.url()));
    await page.goto(service.address);
  }

  async function judge(text: string): Promise<void> {
    await page.getByLabel('Your text').fill(text);
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Analyse' }).click()]);
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
      const example = page.getByRole('button', { name: /^A dull script/ });
      const text = await example.textContent();
      await example.click();
      await verdict().waitFor();
      expect(await page.getByLabel('Your text').inputValue()).toBe(text);
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
    await reach('Analyse');
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
    await page.goto(`${service.address}/nothing`);
    expect(await accessibilityProblems(page)).toEqual([]);
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
