/** Pictures of the page, of the model card, of the API's viewer and of /metrics. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startService } from '../support/service.ts';

const POSITIVE = 'I expected nothing, but the acting was warm and the ending was beautiful.';
const NEGATIVE = 'Two hours that I will never get back: a dull script and wooden acting.';
const SEVERAL = `${POSITIVE}\n${NEGATIVE}\nDo not buy this phone: the battery dies by noon.\nso happy right now, best day ever :)\nThe reform is a disaster for the schools that need help most.`;

const THREE = 'A slow start, but a wonderful and moving film.';

type Pages = {
  address: string;
  open(width: number, height: number, colorScheme?: 'light' | 'dark'): Promise<Page>;
  shoot(page: Page, name: string): Promise<void>;
  ask(page: Page, text: string): Promise<void>;
};

/** Runs `take` beside a service with the model. */
async function besideService(
  browser: Browser,
  env: Record<string, string>,
  folder: string,
  take: (pages: Pages) => Promise<void>,
) {
  const service = await startService({ DRAIN_SECONDS: '0', ...env });
  try {
    await take({
      address: service.address,
      async open(width, height, colorScheme = 'light') {
        return (await browser.newContext({ viewport: { width, height }, colorScheme })).newPage();
      },
      async shoot(page, name) {
        await page.screenshot({ path: join(folder, name) });
        await page.context().close();
      },
      async ask(page, text) {
        await page.goto(service.address);
        await page.getByLabel('Your text').fill(text);
        if (text.includes('\n')) await page.getByLabel('Several texts').check();
        const button = page.getByRole('button', { name: 'Analyze', exact: true });
        await Promise.all([page.waitForEvent('load'), button.click()]);
        await page.evaluate('scrollTo(0, 0)');
      },
    });
  } finally {
    await service.stop();
  }
}

/** `model` is the file of a model with the classes negative, neutral and positive. */
export function takeClassesPictures(browser: Browser, model: string, folder: string) {
  return besideService(browser, { MODEL_URI: model }, folder, async ({ open, shoot, ask }) => {
    for (const [name, scheme] of [
      ['page-classes.png', 'light'],
      ['page-classes-dark.png', 'dark'],
    ] as const) {
      const page = await open(800, 1100, scheme);
      await ask(page, THREE);
      await shoot(page, name);
    }
  });
}

export function takePagePictures(browser: Browser, modelUri: string, env: Record<string, string>, folder: string) {
  return besideService(browser, { MODEL_URI: modelUri, ...env }, folder, async ({ address, open, shoot, ask }) => {
    for (const [name, scheme, text] of [
      ['page.png', 'light', POSITIVE],
      ['page-dark.png', 'dark', NEGATIVE],
      ['page-several.png', 'light', SEVERAL],
    ] as const) {
      const page = await open(800, 1000, scheme);
      await ask(page, text);
      await shoot(page, name);
    }
    const card = await open(1000, 1400);
    await card.goto(`${address}/model`);
    await shoot(card, 'page-model.png');
    const api = await open(1000, 700);
    await api.goto(`${address}/docs/`);
    await api.getByText('Predict the sentiment of one or several texts').waitFor();
    await shoot(api, 'page-api.png');
    const metrics = await open(1000, 330);
    await metrics.goto(`${address}/metrics`);
    await metrics.evaluate(
      "document.body.textContent = document.body.textContent.split('\\n').filter((line) => /model_(prediction_count|info)|app_(request_count_total.*(GET|POST)..endpoint=\"(.|.predict)\"|info)/.test(line)).join('\\n'); document.body.style.font = '14px monospace'; document.body.style.whiteSpace = 'pre-wrap'; document.body.style.overflowWrap = 'anywhere'",
    );
    await shoot(metrics, 'metrics.png');
  });
}
