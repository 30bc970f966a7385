/** How the page behaves: for every reader, device and proxy, in size and speed, and towards other hosts. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { HtmlValidate } from 'html-validate';
import { describe, expect, test } from 'vitest';
import { accessibilityProblems } from './support/chromium.ts';
import { need } from './support/need.ts';
import { TEXT, usePage } from './support/page.ts';
import { startService } from './support/service.ts';

describe.skipIf(!need('chromium'))('the page', () => {
  const lab = usePage();
  const marks = (selector: string) => lab.page.locator(`.marked ${selector}`).allTextContents();

  test('distinguishes positive and negative words without colour: by underline, in words, and in a table', async () => {
    await lab.open();
    await lab.judge(TEXT);
    expect(await lab.style('.marked [class^="p"]', 'text-decoration-style')).toBe('solid');
    expect(await lab.style('.marked [class^="n"]', 'text-decoration-style')).toBe('wavy');
    expect(await marks('.n3 .unseen')).toContain(' (negative)');
    const row = lab.page.getByRole('row', { name: /^dreadful/ });
    expect(await row.textContent()).toMatch(/^dreadful▼ negative−\d\.\d\d$/);
  });

  test('works with the keyboard alone, and moves the focus to the result', async () => {
    await lab.open();
    const focused = () => lab.page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
    const reach = async (what: string) => {
      for (let presses = 0; (await focused()) !== what; presses++) {
        expect(presses, `Tab does not reach "${what}"`).toBeLessThan(10);
        await lab.page.keyboard.press('Tab');
      }
    };
    await reach('text');
    await lab.page.keyboard.type('This story was lovely.');
    await reach('Analyze');
    expect(await lab.style('.go', 'outline-style')).toBe('solid');
    await lab.page.keyboard.press('Enter');
    await lab.verdict().waitFor();
    await expect.poll(focused).toBe('result');
  });

  test.each(['light', 'dark'] as const)('in %s colours is accessible by the rules of axe', async (colorScheme) => {
    // axe measures the contrast of what is at rest; evaluate() is not bound by the page's own policy.
    await lab.open({ colorScheme });
    expect(await accessibilityProblems(lab.page)).toEqual([]);
    await lab.judge(TEXT);
    expect(await accessibilityProblems(lab.page)).toEqual([]);
    await lab.judge('   ');
    expect(await accessibilityProblems(lab.page)).toEqual([]);
    await lab.page.getByLabel('Several texts').check();
    await lab.judge('A lovely story.\nIt was dreadful.');
    expect(await accessibilityProblems(lab.page)).toEqual([]);
    for (const path of ['/nothing', '/model']) {
      await lab.page.goto(`${lab.service.address}${path}`);
      expect(await accessibilityProblems(lab.page), path).toEqual([]);
    }
  });

  test('shows the API in its viewer, which asks only this service and breaks no policy', async () => {
    const complaints: string[] = [];
    await lab.open();
    lab.page.on('console', (message) => complaints.push(message.text()));
    await lab.page.getByRole('link', { name: 'API' }).click();
    await lab.page.getByText('Predict the sentiment of one or several texts').click();
    await lab.page.getByRole('button', { name: 'Try it out' }).click();
    await lab.page.locator('.body-param__text').fill('{"text": "lovely"}');
    await lab.page.getByRole('button', { name: 'Execute' }).click();
    await lab.page
      .locator('.live-responses-table .response .highlight-code')
      .filter({ hasText: 'Positive Sentiment' })
      .first()
      .waitFor();
    expect(new Set(lab.requested.map((url) => new URL(url).origin))).toEqual(new Set([lab.service.address]));
    expect(complaints).toEqual([]);
    // The page's own style of commands once hid the version, white on white.
    expect(await lab.style('#viewer small pre', 'background-color')).toBe('rgba(0, 0, 0, 0)');
  });

  test('works under a prefix, whether the proxy cuts it off or not', async () => {
    const own = await startService({ MODEL_URI: lab.model.path, DRAIN_SECONDS: '0', PATH_PREFIX: '/nlp/sentiment' });
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
        await lab.open({}, start);
        await lab.judge('This story was lovely.');
        expect(await lab.verdict().textContent()).toContain('Positive');
        const base = start.endsWith('/') ? start : `${start}/`;
        for (const [name, path] of [
          ['Model card', 'model'],
          ['API', 'docs/'],
          ['Version', 'version'],
        ]) {
          await lab.page.goto(`${base}`);
          await lab.page.getByRole('link', { name }).click();
          expect(lab.page.url()).toBe(`${base}${path}`);
        }
        await lab.page.goto(`${base}no/such/page`);
        await lab.page.getByRole('link', { name: 'Back to the page' }).click();
        expect(lab.page.url()).toBe(base);
        await lab.page.context().close();
      }
      await lab.open();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
      await own.stop();
    }
  });

  test('is valid HTML of less than 60 KB', async () => {
    await lab.open();
    const validator = new HtmlValidate({
      extends: ['html-validate:standard'],
      rules: {
        // Of style and script: hashes take the place of a nonce.
        'require-sri': 'off',
        'no-inline-style': 'error',
      },
    });
    const form = (fields: Record<string, string>) =>
      fetch(`${lab.service.address}/predict`, {
        method: 'POST',
        headers: { accept: 'text/html' },
        body: new URLSearchParams(fields),
      });
    const pages = {
      home: await fetch(lab.service.address),
      result: await form({ text: TEXT }),
      several: await form({ text: 'lovely\ndreadful', lines: '1' }),
      empty: await form({ text: ' ' }),
      missing: await fetch(`${lab.service.address}/nothing`, { headers: { accept: 'text/html' } }),
      model: await fetch(`${lab.service.address}/model`),
      docs: await fetch(`${lab.service.address}/docs/`),
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
    await lab.open();
    const paint = await lab.page.evaluate<number>(`new Promise((resolve) => {
      new PerformanceObserver((list) => {
        for (const { startTime } of list.getEntriesByName('first-contentful-paint')) resolve(startTime);
      }).observe({ type: 'paint', buffered: true });
    })`);
    expect(paint).toBeGreaterThan(0);
    expect(lab.requested).toHaveLength(1);
    // A figure, not a limit: what a loaded machine takes says nothing about the lab.page.
    console.log(`first paint of the page: ${Math.round(paint)} ms`);
  });

  test('follows the preferred colour scheme', async () => {
    await lab.open({ colorScheme: 'light' });
    const light = await lab.style('body', 'background-color');
    await lab.page.emulateMedia({ colorScheme: 'dark' });
    const dark = await lab.style('body', 'background-color');
    expect(brightness(light)).toBeGreaterThan(200);
    expect(brightness(dark)).toBeLessThan(50);
    expect(brightness(await lab.style('body', 'color'))).toBeGreaterThan(200);
  });

  test('fits a narrow screen', async () => {
    await lab.open({ viewport: { width: 320, height: 640 } });
    await lab.judge(`${TEXT} ${'unbroken'.repeat(40)}`);
    const [width, room] = await lab.page.evaluate<number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    expect(width).toBe(room);
  });

  test('loads nothing from other hosts, and its policy forbids it', async () => {
    const complaints: string[] = [];
    await lab.open();
    lab.page.on('console', (message) => complaints.push(message.text()));
    await lab.judge(TEXT);
    expect(lab.requested.map((url) => new URL(url).origin)).toEqual(lab.requested.map(() => lab.service.address));
    expect(lab.requested).toHaveLength(2);
    expect(complaints).toEqual([]);
    const loaded = await lab.page.evaluate<string>(`new Promise((resolve) => {
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
