/** The service with a small model that carries what a registered one does, and a browser that looks at its page. */
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { stampFacts } from '../../ml/model/artifact.ts';
import type { ModelFacts } from '../../ml/model/types.ts';
import { launchChromium } from './chromium.ts';
import { createTestModel, type ServiceProcess, startService, type TestModel } from './service.ts';

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

/** Positive and negative words, a line break and markup. */
export const TEXT = 'The ending was lovely,\nbut every scene was dreadful & <b>boring</b>.';

export class PageLab {
  model!: TestModel;
  service!: ServiceProcess;
  browser!: Browser;
  page!: Page;
  /** Addresses that the page asked for. */
  requested: string[] = [];

  async open(options: BrowserContextOptions = {}, address = this.service.address): Promise<void> {
    this.page = await (await this.browser.newContext(options)).newPage();
    this.requested = [];
    this.page.on('request', (request) => this.requested.push(request.url()));
    await this.page.goto(address);
  }

  async judge(text: string): Promise<void> {
    await this.page.getByLabel('Your text').fill(text);
    const button = this.page.getByRole('button', { name: 'Analyze', exact: true });
    await Promise.all([this.page.waitForEvent('load'), button.click()]);
  }

  verdict() {
    return this.page.getByRole('heading', { name: /(Positive|Negative) Sentiment/ });
  }

  // What runs in the page is text: the types of this program are Node's, not a browser's.
  style(selector: string, property: string): Promise<string> {
    return this.page.evaluate<string>(
      `getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`,
    );
  }
}

/** Call this within a `describe`. */
export function usePage(): PageLab {
  const lab = new PageLab();
  beforeAll(async () => {
    lab.model = await createTestModel();
    const path = join(lab.model.folder, 'registered.bin');
    stampFacts(lab.model.path, path, FACTS);
    lab.service = await startService({
      MODEL_URI: path,
      DRAIN_SECONDS: '0',
      FEEDBACK_TO: `file:${lab.model.folder}/feedback`,
    });
    lab.browser = await launchChromium();
  });
  afterEach(() => lab.page.context().close());
  afterAll(async () => {
    await lab.browser?.close();
    await lab.service?.stop();
    await lab.model?.remove();
  });
  return lab;
}
