/** Pictures of the page, of the model card, of the API's viewer and of /metrics. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startService } from '../support/service.ts';

const POSITIVE = 'I expected nothing, but the acting was warm and the ending was beautiful.';
const NEGATIVE = 'Two hours that I will never get back: a dull script and wooden acting.';
const SEVERAL = `${POSITIVE}\n${NEGATIVE}\nDo not buy this phone: the battery dies by noon.\nso happy right now, best day ever :)\nThe reform is a disaster for the schools that need help most.`;

export async function takePagePictures(
  browser: Browser,
  modelUri: string,
  env: Record<string, string>,
  folder: string,
) {
  const service = await startService({ MODEL_URI: modelUri, DRAIN_SECONDS: '0', ...env });
  const open = async (width: number, height: number, colorScheme: 'light' | 'dark' = 'light') => {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    return context.newPage();
  };
  const shoot = async (page: Page, name: string, fullPage = false) => {
    await page.screenshot({ path: join(folder, name), fullPage });
    await page.context().close();
  };
  const ask = async (page: Page, text: string) => {
    await page.goto(service.address);
    await page.getByLabel('Your text').fill(text);
    if (text.includes('\n')) await page.getByLabel('Several texts').check();
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Analyze', exact: true }).click()]);
    await page.evaluate('scrollTo(0, 0)');
  };
  try {
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
    await card.goto(`${service.address}/model`);
    await shoot(card, 'page-model.png');
    const api = await open(1000, 700);
    await api.goto(`${service.address}/docs/`);
    await api.getByText('Predict the sentiment of one or several texts').waitFor();
    await shoot(api, 'page-api.png');
    const metrics = await open(1000, 500);
    await metrics.goto(`${service.address}/metrics`);
    await metrics.evaluate(
      "document.body.textContent = document.body.textContent.split('\\n').filter((line) => /model_(prediction_count|info)|app_(request_count_total.*(GET|POST)..endpoint=\"(.|.predict)\"|info)/.test(line)).join('\\n'); document.body.style.font = '14px monospace'; document.body.style.whiteSpace = 'pre-wrap'",
    );
    await shoot(metrics, 'metrics.png');
  } finally {
    await service.stop();
  }
}
