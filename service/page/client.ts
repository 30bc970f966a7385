// @ts-nocheck: this runs in a browser, whose types this program does not have; tests/page.test.ts and page_manners.test.ts run it in one.
/**
 * The script of the home page, which goes into the page as text. Everything but a file of texts works without it.
 *
 * A file is read in pieces, parsed, sent in requests of many texts, and its answers are put together for a download; the
 * service keeps nothing of it, and the browser never holds the whole table in one piece.
 */
function client() {
  const find = (id) => document.getElementById(id);
  const say = (text) => {
    find('file-said').textContent = text;
  };
  const endpoint = new URL('predict', document.baseURI).href;

  // The service cannot know under which address a proxy shows it; the browser does.
  if (find('address')) find('address').textContent = endpoint;
  for (const button of document.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    button.onclick = async () => {
      const source = find(button.dataset.copy);
      await navigator.clipboard.writeText(source.href ?? source.textContent);
      find('copied').textContent = 'Copied.';
    };
  }
  find('text').onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.target.form.requestSubmit();
  };

  const card = find('file');
  const { texts: mostTexts, bytes: mostBytes, length: mostLength } = card.dataset;
  let file = null;
  let stop = null;
  card.hidden = false;
  find('file-input').onchange = (event) => choose(event.target.files[0]);
  document.ondragover = (event) => {
    event.preventDefault();
    card.classList.add('over');
  };
  document.ondragleave = () => card.classList.remove('over');
  document.ondrop = (event) => {
    event.preventDefault();
    card.classList.remove('over');
    choose(event.dataTransfer.files[0]);
  };
  find('file-go').onclick = () => run().catch(fail);
  find('file-stop').onclick = () => stop.abort();

  /** Shows the columns of the first rows, with the one chosen that looks like the text. */
  async function choose(chosen) {
    if (!chosen) return;
    file = chosen;
    find('file-done').hidden = true;
    say('');
    try {
      const rows = [];
      for await (const row of rowsOf(file.slice(0, 262144), isPlain(file))) if (rows.push(row) > 20) break;
      if (rows.length < 2 && !isPlain(file)) throw new Error('The file has no row below its heading.');
      const names = isPlain(file) ? ['text'] : rows.shift();
      const widths = names.map((_, k) => rows.reduce((sum, row) => sum + (row[k] ?? '').length, 0));
      const named = names.findIndex((name) =>
        /^(text|reviews?|comments?|message|body|content|sentence|tweet)$/i.test(name.trim()),
      );
      const best = named >= 0 ? named : widths.indexOf(Math.max(...widths));
      find('file-column').replaceChildren(
        ...names.map((name, k) => new Option(name || `column ${k + 1}`, k, k === best, k === best)),
      );
      find('file-ready').hidden = false;
      find('file-go').focus();
    } catch (error) {
      fail(error);
    }
  }

  async function run() {
    const column = Number(find('file-column').value);
    const answers = [];
    let batch = [];
    let size = 0;
    let done = 0;
    let failed = 0;
    let head = null;
    let told = 0;
    stop = new AbortController();
    find('file-ready').hidden = true;
    find('file-busy').hidden = false;
    const progress = { read: 0 };
    const send = async () => {
      if (batch.length === 0) return;
      const predictions = await ask(batch.map((row) => (row[column] ?? '').slice(0, Number(mostLength) + 1)));
      const lines = predictions.map(({ label, confidence, known_share, error }, i) => {
        if (error) failed++;
        const cells = [label ?? '', confidence ?? '', known_share ?? '', error?.message ?? ''];
        return [...head.map((_, k) => batch[i][k] ?? ''), ...cells].map(cell).join(',');
      });
      answers.push(`${lines.join('\r\n')}\r\n`);
      done += batch.length;
      batch = [];
      size = 0;
      find('file-progress').value = progress.read / file.size;
      // A screen reader hears every tenth, not every request.
      const tenth = Math.floor((10 * progress.read) / file.size);
      if (tenth > told || done === predictions.length) {
        told = tenth;
        say(
          `${done.toLocaleString('en')} texts answered, ${Math.round((100 * progress.read) / file.size)} % of the file.`,
        );
      }
    };
    if (isPlain(file)) head = ['text'];
    for await (const row of rowsOf(file, isPlain(file), progress)) {
      if (!head) {
        head = row;
        continue;
      }
      // The longest that JSON can make of a text.
      const bytes = 6 * Math.min((row[column] ?? '').length, mostLength) + 3;
      if (batch.length >= mostTexts || size + bytes > mostBytes - 100) await send();
      batch.push(row);
      size += bytes;
    }
    await send();
    const names = [...head, 'label', 'confidence', 'known_share', 'error'].map(cell).join(',');
    const link = find('file-link');
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([`${names}\r\n`, ...answers], { type: 'text/csv' }));
    link.download = `${file.name.replace(/\.\w+$/, '')}-answers.csv`;
    find('file-busy').hidden = true;
    find('file-ready').hidden = false;
    find('file-done').hidden = false;
    const without = failed > 0 ? `, ${failed.toLocaleString('en')} of them not: the column error says why` : '';
    say(`Done: ${done.toLocaleString('en')} texts answered${without}.`);
    link.focus();
  }

  /** Waits and asks again while the service has too much to do. */
  async function ask(texts) {
    for (;;) {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify({ texts, partial: true }),
        signal: stop.signal,
      });
      if (response.ok) return (await response.json()).predictions;
      if (response.status !== 429 && response.status !== 503) {
        const { error } = await response.json();
        throw new Error(`The service refused a part of the file: ${error.message}.`);
      }
      const wait = Number(response.headers.get('Retry-After') ?? 1);
      await new Promise((resolve) => {
        setTimeout(resolve, 1000 * Math.min(wait, 60));
        stop.signal.onabort = resolve;
      });
      stop.signal.throwIfAborted();
    }
  }

  function fail(error) {
    find('file-busy').hidden = true;
    const what =
      error.name === 'AbortError'
        ? 'Stopped. Nothing was kept.'
        : error.name === 'TypeError' && /decod|encod/i.test(error.message)
          ? 'The file is not UTF-8. Save it as UTF-8 and try again.'
          : error.message;
    say(what);
  }

  function isPlain({ name }) {
    return /\.te?xt$/i.test(name ?? '');
  }

  /** Rows of cells, by RFC 4180 with the delimiter of the first line; of a text file, lines. Counts the bytes that it reads. */
  async function* rowsOf(blob, plain, progress = {}) {
    const counter = new TransformStream({
      transform(chunk, controller) {
        progress.read += chunk.byteLength;
        controller.enqueue(chunk);
      },
    });
    // The start of a file may end within a character, so only the whole file is checked.
    const fatal = blob === file;
    const reader = blob
      .stream()
      .pipeThrough(counter)
      .pipeThrough(new TextDecoderStream('utf-8', { fatal }))
      .getReader();
    let delimiter = plain ? '' : undefined;
    let row = [];
    let cell = '';
    let quoted = false;
    // After a quote within quotes: it is the end, unless another one follows.
    let closing = false;
    let returned = false;
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
      delimiter ??= delimiterOf(value);
      for (const char of value) {
        if (quoted && !closing) {
          if (char === '"') closing = true;
          else cell += char;
          continue;
        }
        if (closing) {
          closing = false;
          if (char === '"') {
            cell += char;
            continue;
          }
          quoted = false;
        }
        const isSecond = returned && char === '\n';
        returned = char === '\r';
        if (isSecond) continue;
        if (char === '"' && cell === '' && !plain) quoted = true;
        else if (char === delimiter) {
          row.push(cell);
          cell = '';
        } else if (char === '\n' || char === '\r') {
          row.push(cell);
          if (row.length > 1 || row[0].trim() !== '') yield row;
          row = [];
          cell = '';
        } else cell += char;
      }
    }
    if (cell !== '' || row.length > 0) yield [...row, cell];
  }

  function delimiterOf(start) {
    const [line] = start.replace(/"[^"]*"/g, '').split(/[\r\n]/);
    const counts = [',', ';', '\t'].map((each) => line.split(each).length);
    return [',', ';', '\t'][counts.indexOf(Math.max(...counts))];
  }

  function cell(value) {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
}

export const clientScript = `(${client})();`;
