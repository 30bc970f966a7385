/** What the page answers: a text, several, a file, a link, the model card. tests/page_manners.test.ts has how it behaves. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accessibilityProblems } from './support/chromium.ts';
import { need } from './support/need.ts';
import { TEXT, usePage } from './support/page.ts';

describe.skipIf(!need('chromium'))('the page', () => {
  const lab = usePage();
  const marks = (selector: string) => lab.page.locator(`.marked ${selector}`).allTextContents();

  describe('without JavaScript', () => {
    test('takes a text and shows label, confidence and the decisive words', async () => {
      await lab.open({ javaScriptEnabled: false });
      await lab.judge('This story was lovely from start to end.');
      await expect.poll(() => lab.verdict().textContent()).toMatch(/^▲\s*Positive Sentiment$/);
      await expect(lab.page.getByText(/^Confidence \d\d %$|^Confidence over 99 %$/).isVisible()).resolves.toBe(true);
      expect(await lab.page.getByLabel('Your text').inputValue()).toBe('This story was lovely from start to end.');
      expect((await marks('.p3')).join(' ')).toContain('lovely');
      expect(await lab.page.title()).toBe('Positive Sentiment – Sentiment of a text');
    });

    test('classifies an example with one click', async () => {
      await lab.open({ javaScriptEnabled: false });
      const example = lab.page.getByRole('button', { name: /^A lovely story/ });
      const text = await example.textContent();
      await example.click();
      await lab.verdict().waitFor();
      expect(await lab.page.getByLabel('Your text').inputValue()).toBe(text);
    });

    test('takes several texts, one per line, and explains each of them behind a link', async () => {
      await lab.open({ javaScriptEnabled: false });
      await lab.page.getByLabel('Several texts').check();
      await lab.judge('A lovely story.\n\nIt was dreadful and boring.');
      await lab.page.getByRole('heading', { name: '2 texts: 1 negative, 1 positive' }).waitFor();
      expect(await lab.page.getByRole('row', { name: /^A lovely story/ }).textContent()).toMatch(/▲ positive/);
      await lab.page.getByRole('link', { name: 'It was dreadful and boring.' }).click();
      await expect.poll(() => lab.verdict().textContent()).toContain('Negative Sentiment');
      expect(lab.page.url()).toBe(`${lab.service.address}/?text=It%20was%20dreadful%20and%20boring.#result`);
    });

    test('explains that a blank text is invalid, and shows the form again', async () => {
      await lab.open({ javaScriptEnabled: false });
      await lab.judge('   ');
      expect(await lab.page.getByRole('alert').textContent()).toBe('The text is empty.');
      await lab.judge('This was dreadful and boring.');
      expect(await lab.verdict().textContent()).toContain('Negative Sentiment');
    });
  });

  test('takes a judgement of its answer', async () => {
    await lab.open();
    await lab.judge('This story was lovely from start to end.');
    await lab.page.getByRole('button', { name: 'Wrong: it is negative' }).click();
    await lab.page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await accessibilityProblems(lab.page)).toEqual([]);
  });

  test('shows the text unchanged, including markup and line breaks', async () => {
    await lab.open();
    await lab.judge(TEXT);
    const shown = await lab.page.evaluate<string>(`{
      const marked = document.querySelector('.marked');
      for (const spoken of marked.querySelectorAll('.unseen')) spoken.remove();
      marked.textContent;
    }`);
    expect(shown.replaceAll('\r\n', '\n')).toBe(TEXT);
    expect(await lab.page.getByLabel('Your text').inputValue()).toBe(TEXT);
    expect(await lab.page.locator('.marked b').count()).toBe(0);
  });

  test('answers a table that is dropped on it, in pieces, and gives the answers for a download', async () => {
    const rows = Array.from(
      { length: 1000 },
      (_, i) => `${i};"${i % 2 ? 'A ""lovely"" story' : 'Dreadful;\nand boring'}"`,
    );
    const file = join(lab.model.folder, 'reviews.csv');
    await writeFile(file, `\ufeffid;review\r\n${rows.join('\r\n')}\r\n1000;\r\n`);
    await lab.open();
    await lab.page.getByLabel('File', { exact: true }).setInputFiles(file);
    expect(await lab.page.getByLabel('Column with the text').locator('option:checked').textContent()).toBe('review');
    expect(await accessibilityProblems(lab.page)).toEqual([]);
    await lab.page.getByRole('button', { name: 'Analyze the file' }).click();
    const link = lab.page.getByRole('link', { name: 'Download the answers' });
    await link.waitFor();
    expect(await lab.page.getByRole('status').first().textContent()).toBe(
      'Done: 1,001 texts answered, 1 of them not: the column error says why.',
    );
    const [download] = await Promise.all([lab.page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toBe('reviews-answers.csv');
    const answers = (await readFile(await download.path(), 'utf8')).split('\r\n');
    expect(answers[0]).toBe('id,review,label,confidence,known_share,error');
    expect(answers[1]).toMatch(/^0,"Dreadful;\nand boring",negative,0\.\d+,\d(\.\d+)?,$/);
    expect(answers[2]).toMatch(/^1,"A ""lovely"" story",positive,/);
    expect(answers.at(-2)).toMatch(/^1000,,,,,"""texts\[\d+\]"" is empty"$/);
    expect(answers).toHaveLength(1003);
    // Four of 256 at most, and the page itself.
    expect(lab.requested.filter((url) => url.endsWith('/predict'))).toHaveLength(4);
  });

  test('says what is wrong with a file, and stops on demand', async () => {
    await lab.open();
    const said = lab.page.locator('#file-said');
    const input = lab.page.getByLabel('File', { exact: true });
    await input.setInputFiles({
      name: 'latin.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('text\ncaf\xe9\n', 'latin1'),
    });
    await lab.page.getByRole('button', { name: 'Analyze the file' }).click();
    await expect.poll(() => said.textContent()).toBe('The file is not UTF-8. Save it as UTF-8 and try again.');
    await lab.page.route('**/predict', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '30' } }));
    await input.setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('lovely\ndreadful\n') });
    await lab.page.getByRole('button', { name: 'Analyze the file' }).click();
    await lab.page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(() => said.textContent()).toBe('Stopped. Nothing was kept.');
  });

  test('gives its question as a command, and its result as a link', async () => {
    await lab.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await lab.judge("it's lovely");
    await lab.page.getByText('Share, or ask from a program').click();
    await lab.page.getByRole('button', { name: 'Copy as curl' }).click();
    await lab.page.getByText('Copied.').waitFor();
    expect(await lab.page.evaluate('navigator.clipboard.readText()')).toBe(
      `curl -d '{"text":"it\\u0027s lovely"}' ${lab.service.address}/predict`,
    );
    expect(await lab.page.getByRole('link', { name: 'Link to this result' }).getAttribute('href')).toBe(
      './?text=it&#39;s%20lovely#result'.replace('&#39;', "'"),
    );
  });

  test('has a model card with what the model carries', async () => {
    await lab.open({}, `${lab.service.address}/model`);
    const row = async (name: RegExp) => (await lab.page.getByRole('row', { name }).first().textContent())?.trim();
    expect(await row(/^Accuracy/)).toBe('Accuracy0.8000.761 to 0.839share of right answers');
    expect(await row(/^shop/)).toMatch(/^shop1001000\.760/);
    expect(await row(/^words 1 to 12/)).toBe('words 1 to 121500.7800.721 to 0.839');
    expect(await row(/^negated praise/)).toBe('negated praisebehaviour/films.yaml9 of 10');
    expect(await lab.page.getByText('It is weakest on shop: 76.0 % right.').isVisible()).toBe(true);
    expect(await lab.page.getByRole('img', { name: /^Calibration: 0\.10 predicted, 0\.15 observed/ }).isVisible()).toBe(
      true,
    );
  });
});
