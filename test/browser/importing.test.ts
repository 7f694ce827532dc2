/** Documents and Markdown in a real browser, under the policy that README gives hosts; hostile ones among them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import type { Browser, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { chapter, footnotes, makeDocx, makeEpub, makePdf, makeZip } from '../support/document-files';
import { contentSecurityPolicy } from '../support/readme';
import type { ImportPage, Outcome, SentInput } from './import-page';

/** What every hostile document tries: it must never be seen. */
const attack = 'document.title="ran";fetch("/ran")';

describe('importing', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;
  let elsewhere: Server;
  let elsewhereOrigin: string;
  let browser: Browser;
  let page: Page;
  /** Violations of the policy, and errors that nobody caught. */
  let complaints: string[] = [];
  /** Paths that were asked for since the page was ready. */
  let requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'longpage-importing-'));
    await build({
      configFile: false,
      logLevel: 'error',
      base: './',
      publicDir: false,
      worker: { format: 'es' },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: 'es2023',
        assetsInlineLimit: 0,
        rolldownOptions: {
          input: join(import.meta.dirname, 'import-page.ts'),
          output: { entryFileNames: 'page.js' },
        },
      },
    });
    elsewhere = createServer(answerElsewhere);
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
    elsewhereOrigin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const policy = contentSecurityPolicy().replace(
      "connect-src 'self'",
      `connect-src 'self' ${elsewhereOrigin}`,
    );
    server = await serve({
      mounts: [{ prefix: '/', folder }],
      pages: {
        '/': '<!doctype html><title>…</title><body><script type="module" src="./page.js"></script>',
        '/favicon.ico': '',
      },
      headers: { 'Content-Security-Policy': policy },
    });
    browser = await launchBrowser();
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(server.origin);
    await page.waitForFunction(() => document.title === 'ready');
    requests = [];
  });

  afterAll(async () => {
    await browser.close();
    await server.close();
    elsewhere.close();
    elsewhere.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  afterEach(async () => {
    expect(await page.title()).toBe('ready');
    const [complained, requested] = [complaints, requests];
    [complaints, requests] = [[], []];
    expect(complained).toEqual([]);
    // Chunks of this site and the documents asked for by name are all that may be fetched.
    const others = requested.filter((url) => !/\/(?:assets\/[\w.-]+|given\/[\w.-]+)$/.test(url));
    expect(others).toEqual([]);
  });

  function call<Name extends keyof ImportPage>(
    name: Name,
    ...args: Parameters<ImportPage[Name]>
  ): Promise<Awaited<ReturnType<ImportPage[Name]>>> {
    return page.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { importPage: Record<string, (...args: unknown[]) => unknown> }).importPage[
          name
        ]!(...(args as unknown[])),
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<ImportPage[Name]>>>;
  }

  const shownText = () =>
    page.locator('longpage-markdown').evaluate((element) => element.shadowRoot?.textContent ?? '');
  const send = (input: SentInput): Promise<Outcome> => call('importDocument', input);
  const sendBytes = (name: string, bytes: Uint8Array) => send({ name, bytes: [...bytes] });
  const sendText = (name: string, text: string) => sendBytes(name, strToU8(text));

  test('plain text: encodings, title from the file, invisible characters dropped', async () => {
    const text = 'Zwölf Käse\u00ad für 3\u00a0€\n\n\n\nEnde';
    const expected = { kind: 'text', title: 'my notes', text: 'Zwölf Käse für 3 €\n\nEnde' };
    const marked = [0xff, 0xfe, ...Buffer.from(text, 'utf16le')];
    expect(await sendText('my notes.txt', text)).toMatchObject(expected);
    expect(await sendText('my notes.txt', `\ufeff${text}`)).toMatchObject(expected);
    expect(await send({ name: 'my notes.txt', bytes: marked })).toMatchObject(expected);
    const old = [...Buffer.from('Zwölf Käse für 3 ', 'latin1'), 0x80];
    expect(await send({ name: 'old.txt', bytes: old })).toMatchObject({ text: 'Zwölf Käse für 3 €' });
  });

  test('Markdown keeps its marks and gives its first heading as the title; pasted text its first line', async () => {
    expect(await sendText('readme.md', 'intro\n\n# The *Title*\n\nText.')).toMatchObject({
      kind: 'markdown',
      title: 'The *Title*',
      text: 'intro\n\n# The *Title*\n\nText.',
    });
    expect(await send({ text: '\nFirst line\nsecond \ud800 line' })).toMatchObject({
      title: 'First line',
      text: 'First line\nsecond \ufffd line',
    });
  });

  test('HTML: its content in paragraphs, items, cells and lines, whatever the file is called', async () => {
    const outcome = await sendText(
      'page.txt',
      `<!doctype html><html><head><title>A  page</title><style>p { color: red }</style></head>
      <body><nav><a href="/">Home</a></nav><h1>Head<em>ing</em></h1><p>One
      two&nbsp;<b>three</b>.</p><p>Line<br>break</p><ul><li>first</li><li><p>second</p></li></ul>
      <table><tr><th>a</th><td>b</td></tr><tr><td>c</td><td>d</td></tr></table><pre>  kept
    as is</pre><p hidden>no</p><noscript>no</noscript></body></html>`,
    );
    expect(outcome).toMatchObject({
      kind: 'html',
      title: 'A page',
      text: [
        'Heading',
        'One two three.',
        'Line\nbreak',
        '- first\n- second',
        'a | b\nc | d',
        '  kept\n    as is',
      ].join('\n\n'),
    });
  });

  test('hostile HTML runs nothing, fetches nothing, and breaks no rule of the policy', async () => {
    const outcome = await sendText(
      'evil.html',
      `<html><head><meta http-equiv="refresh" content="0;url=/ran"><link rel="stylesheet" href="/ran.css">
      <base href="http://127.0.0.1:9/"><script>${attack}</script></head>
      <body onload='${attack}' style="background:url(/ran.png)">
      <img src="/ran.png" onerror='${attack}'><iframe src="/ran" srcdoc="<script>parent.${attack}</script>"></iframe>
      <svg onload='${attack}'><script>${attack}</script></svg><video src="/ran.mp4" autoplay></video>
      <object data="/ran"></object><form action="/ran"><button autofocus onfocus='${attack}'>x</button></form>
      <p style="color:red">Only text.</p><template><img src="/ran.png"></template></body></html>`,
    );
    expect(outcome).toMatchObject({ kind: 'html', text: 'Only text.' });
  });

  test('HTML that nests deep is read; without end, where a browser would stand still for minutes, it is refused', async () => {
    const text = `<html>${'<div>'.repeat(20_000)}deep${'</div>'.repeat(20_000)}`;
    expect(await sendText('deep.html', text)).toMatchObject({ text: 'deep' });
    const endless = `<html>${'<div>'.repeat(200_000)}deep`;
    expect(await sendText('endless.html', endless)).toMatchObject({ code: 'damaged' });
  });

  test('PDF: paragraphs, joined words, heads and page numbers gone, title and progress', async () => {
    const pages = [1, 2, 3].map((number) => [
      { text: `A Running Head ${number}`, y: 760, size: 9 },
      ...(number === 1 ? [{ text: 'The First Chapter', y: 720, size: 18 }] : []),
      { text: 'This is the first line of a paragraph that goes on and on, with a bro-', y: 680 },
      { text: 'ken word in it, and that ends here.', y: 666 },
      { text: 'A second paragraph is set in, and has a well-', x: 90, y: 652 },
      { text: 'Known name, and a dash \x97 it does not end on this page but', y: 638 },
      { text: String(number), x: 300, y: 40 },
    ]);
    const outcome = await sendBytes('book.pdf', makePdf({ pages, title: 'The Book' }));
    expect(outcome).toMatchObject({ kind: 'pdf', title: 'The Book', notes: [] });
    const first =
      'This is the first line of a paragraph that goes on and on, with a broken word in it, and that ends here.';
    const second =
      'A second paragraph is set in, and has a well-Known name, and a dash — it does not end on this page but';
    expect((outcome as { text: string }).text.split('\n\n')).toEqual([
      'The First Chapter',
      first,
      `${second} ${first}`,
      `${second} ${first}`,
      second,
      '[On every page] A Running Head',
    ]);
    expect((outcome as { progress: unknown[] }).progress.at(-1)).toEqual({
      phase: 'reading',
      unit: 'pages',
      numDone: 3,
      numTotal: 3,
    });
  });

  test('a PDF with scripts and actions runs none', async () => {
    const action = `<< /S /JavaScript /JS (app.alert\\(1\\); ${attack.replace(/[()]/g, '\\$&')}) >>`;
    const bytes = makePdf({
      pages: [[{ text: 'Quiet text.', y: 700 }]],
      catalog: `/OpenAction ${action} /AA << /WC ${action} >> /Names << /JavaScript << /Names [(a) ${action}] >> >>`,
    });
    expect(await sendBytes('evil.pdf', bytes)).toMatchObject({ text: 'Quiet text.' });
  });

  test('a PDF that cannot be read says why: scan, password, damage', async () => {
    const scan = makePdf({ pages: [[], [], []] });
    expect(await sendBytes('scan.pdf', scan)).toMatchObject({
      code: 'no-text',
      step: expect.stringContaining('OCR'),
    });
    const zeros = '00'.repeat(32);
    const locked = makePdf({
      pages: [[{ text: 'Secret.', y: 700 }]],
      trailer: `/Encrypt << /Filter /Standard /V 1 /R 2 /P -44 /O <${zeros}> /U <${zeros}> >> /ID [<00> <00>]`,
    });
    expect(await sendBytes('locked.pdf', locked)).toMatchObject({ code: 'encrypted' });
    expect(await sendText('broken.pdf', '%PDF-1.7\nnothing more')).toMatchObject({ code: 'damaged' });
  });

  test('an import of a PDF can be stopped', async () => {
    const bytes = makePdf({ pages: Array.from({ length: 20 }, (_, i) => [{ text: `Page ${i}`, y: 700 }]) });
    expect(await call('abortImport', [...bytes], 'long.pdf')).toBe('enough');
  });

  test('EPUB: chapters in reading order, with and without well-formed XML', async () => {
    const bytes = makeEpub({
      title: 'A Novel',
      chapters: {
        'text/two words.xhtml': chapter('<h2>One</h2><p>It&#160;begins.</p>'),
        'b.xhtml':
          '<html><head><title/></head><body><h2>Two</h2><p>Unclosed &nbsp; here<br>and on</body></html>',
      },
    });
    expect(await sendBytes('novel.zip', bytes)).toMatchObject({
      kind: 'epub',
      title: 'A Novel',
      text: 'One\n\nIt begins.\n\nTwo\n\nUnclosed here\nand on',
      progress: [expect.anything(), { unit: 'chapters', numDone: 1, numTotal: 2 }, { numDone: 2 }],
    });
  });

  test('a hostile EPUB runs nothing and fetches nothing', async () => {
    const bytes = makeEpub({
      title: 'Evil',
      chapters: {
        'a.xhtml': chapter(
          `<p onclick='${attack}' style="color:red">Calm</p><img src="http://127.0.0.1:9/ran.png" onerror='${attack}'/>
          <script>${attack}</script><svg xmlns="http://www.w3.org/2000/svg" onload='${attack}'/>`,
          '<link rel="stylesheet" href="/ran.css"/><?xml-stylesheet href="/ran.xsl"?>',
        ),
        '../../../a.xhtml': chapter('<p>Outside</p>'),
      },
    });
    expect(await sendBytes('evil.epub', bytes)).toMatchObject({ kind: 'epub', text: 'Calm' });
  });

  test('entities that grow are refused or stay what they are', async () => {
    const bomb = `<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa">${Array.from('bcdefgh', (name, i) => `<!ENTITY ${name} "${`&${'abcdefgh'[i]};`.repeat(10)}">`).join('')}]>`;
    const body = `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Start &h; end</p></body></html>`;
    const book = makeEpub({ title: 'Bomb', chapters: { 'a.xhtml': bomb + body } });
    expect(await sendBytes('bomb.epub', book)).toMatchObject({
      kind: 'epub',
      text: expect.stringContaining('&h;'),
    });
    const file = makeDocx('', {
      'word/document.xml': `${bomb}<w:document xmlns:w="w"><w:p>&h;</w:p></w:document>`,
    });
    expect(await sendBytes('bomb.docx', file)).toMatchObject({ code: 'damaged' });
  });

  test('a book that is protected says so, and encrypted fonts do not matter', async () => {
    const encryption = (uri: string) =>
      `<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:CipherReference URI="${uri}"/></encryption>`;
    const make = (uri: string) =>
      makeEpub({
        title: 'Locked',
        chapters: { 'a.xhtml': chapter('<p>Text</p>') },
        files: { 'META-INF/encryption.xml': encryption(uri) },
      });
    expect(await sendBytes('a.epub', make('OEBPS/a.xhtml'))).toMatchObject({ code: 'encrypted' });
    expect(await sendBytes('a.epub', make('OEBPS/font.otf'))).toMatchObject({ text: 'Text' });
  });

  test('DOCX: paragraphs, lists, tables and notes; deleted text and fields are left out', async () => {
    const bytes = makeDocx(
      `<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Report</w:t></w:r></w:p>
      <w:p><w:r><w:t xml:space="preserve">One </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>sen</w:t><w:softHyphen/><w:t>tence.</w:t>
      <w:footnoteReference w:id="2"/></w:r></w:p>
      <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t><w:br/><w:t>more</w:t></w:r></w:p>
      <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
      <w:p><w:r><w:instrText>PAGE</w:instrText><w:t>End</w:t></w:r></w:p>`,
      {
        'word/footnotes.xml': footnotes(
          '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>',
        ),
        'docProps/core.xml':
          '<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Annual Report</dc:title></cp:coreProperties>',
      },
    );
    expect(await sendBytes('report.docx', bytes)).toMatchObject({
      kind: 'docx',
      title: 'Annual Report',
      text: 'Report\n\nOne sentence.[1]\n\n- item\nmore\n\na | b\n\nEnd\n\n[1] A note.',
    });
  });

  test('archives that grow or lie are refused, damaged ones too', async () => {
    const large = zipSync({
      'META-INF/container.xml': [strToU8('x'), { level: 0 }],
      'OEBPS/a.xml': new Uint8Array(110_000_000),
    });
    const bomb = zipSync({
      '[Content_Types].xml': strToU8('<Types/>'),
      'word/document.xml': new Uint8Array(110_000_000),
    });
    expect(bomb.length).toBeLessThan(1_000_000);
    expect(await sendBytes('bomb.docx', bomb)).toMatchObject({ code: 'too-large' });
    // The directory's claim of the unpacked size, made small.
    const lying = bomb.slice();
    const view = new DataView(lying.buffer);
    for (let at = 0; at + 4 < lying.length; at++) {
      if (view.getUint32(at, true) === 110_000_000) view.setUint32(at, 1000, true);
    }
    expect(await sendBytes('lying.docx', lying)).toMatchObject({ code: 'too-large' });
    expect(await sendBytes('cut.docx', bomb.subarray(0, 1000))).toMatchObject({ code: 'damaged' });
    expect(await sendBytes('large.epub', large)).toMatchObject({ code: 'damaged' });
    expect(await sendBytes('pictures.zip', makeZip({ 'a.png': '' }))).toMatchObject({ code: 'unsupported' });
  });

  test('what is no document is named, whatever its extension', async () => {
    expect(await send({ name: 'old.docx', bytes: [0xd0, 0xcf, 0x11, 0xe0, 0, 0] })).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('old Office program'),
    });
    expect(await sendText('picture.pdf', '\x00\x01\x02')).toMatchObject({ code: 'unsupported' });
    expect(await sendText('empty.txt', ' \n')).toMatchObject({ code: 'no-text' });
  });

  test('a file of 100 MB is refused before it is read', async () => {
    const { outcome, wasRead } = await call('importLarge', 100_000_000);
    expect(outcome).toContain('100 MB');
    expect(wasRead).toBe(false);
  });

  /** Another site: some documents may be read from here, some not. */
  function answerElsewhere(
    request: { url?: string | undefined },
    response: {
      writeHead: (status: number, headers?: Record<string, string>) => unknown;
      end: (body?: string) => unknown;
    },
  ): void {
    const allowed = { 'Access-Control-Allow-Origin': '*' };
    if (request.url === '/given/page.html') {
      response.writeHead(200, { ...allowed, 'Content-Type': 'text/html; charset=windows-1252' });
      response.end('<title>Far</title><p>Away.');
    } else if (request.url === '/given/large.txt') {
      response.writeHead(200, { ...allowed, 'Content-Length': '200000000' });
      response.end();
    } else if (request.url === '/given/closed.txt') {
      response.writeHead(200);
      response.end('Secret.');
    } else {
      response.writeHead(404, allowed);
      response.end();
    }
  }

  test('addresses: what may be read is, and the rest is said in a sentence', async () => {
    expect(await send({ url: `${elsewhereOrigin}/given/page.html` })).toMatchObject({
      kind: 'html',
      title: 'Far',
      text: 'Away.',
    });
    expect(await send({ url: `${elsewhereOrigin}/given/large.txt` })).toMatchObject({ code: 'too-large' });
    expect(await send({ url: 'javascript:alert(1)' })).toMatchObject({ code: 'bad-address' });
    // The browser itself complains of these three in its console.
    expect(await send({ url: `${elsewhereOrigin}/given/nothing` })).toMatchObject({
      code: 'network',
      message: expect.stringContaining('404'),
    });
    const closed = await send({ url: `${elsewhereOrigin}/given/closed.txt` });
    expect(closed).toMatchObject({ code: 'network', message: expect.stringContaining('CORS') });
    const forbidden = await send({ url: 'http://127.0.0.1:9/given/forbidden' });
    expect(forbidden).toMatchObject({ code: 'network', message: expect.stringContaining('policy') });
    expect(complaints.length).toBeGreaterThan(2);
    complaints = [];
  });

  test('Markdown becomes elements', async () => {
    await call(
      'showMarkdown',
      '# Title\n\n#### Sub\n\nA *b* **c** ~~d~~ `e<f` &amp; &#65;\n\n1. one\n2. two\n\n- [x] done\n\n> quote\n\n```js\nlet a = "<b>";\n```\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n\n[web](https://example.org/a?b=1&c=2) <mailto:a@b.c>',
    );
    const shown = page.locator('longpage-markdown');
    const text = async (selector: string) => (await shown.locator(selector).first().textContent())?.trim();
    expect(await text('h3')).toBe('Title');
    expect(await text('h4')).toBe('Sub');
    expect(await text('p')).toBe('A b c d e<f & A');
    expect(await text('p code')).toBe('e<f');
    expect(await shown.locator('ol li').count()).toBe(2);
    expect(await text('ul li')).toMatch(/^☑\s+done$/);
    expect(await text('blockquote')).toBe('quote');
    expect(await text('pre code')).toBe('let a = "<b>";');
    expect(await text('td.right')).toBe('2');
    expect(await shown.locator('a').first().getAttribute('href')).toBe('https://example.org/a?b=1&c=2');
    expect(await shown.locator('a').first().getAttribute('rel')).toContain('noopener');
  });

  test('hostile Markdown runs nothing, fetches nothing, links nowhere harmful', async () => {
    await call(
      'showMarkdown',
      [
        `<script>${attack}</script>`,
        `<img src=x onerror='${attack}'> inline <b onclick='${attack}'>b</b>`,
        '![p](http://127.0.0.1:9/ran.png)',
        '[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](java&#10;script:alert(1)) [d](&#106;avascript:alert(1))',
        '[e](data:text/html,x) [f](vbscript:x) [g](/relative) [h](blob:x) <javascript:alert(1)>',
        '[i](https://ok.example "x onmouseover=alert(1)")',
        '`<img src=x onerror=alert(1)>`',
      ].join('\n\n'),
    );
    const shown = page.locator('longpage-markdown');
    expect(await shown.locator('script, img, b, iframe').count()).toBe(0);
    expect(
      await shown.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ).toEqual(['https://ok.example/']);
    expect(await shownText()).toContain('[picture: p]');
    for (const link of await shown.locator('a').all())
      expect(await link.getAttribute('onmouseover')).toBe(null);
  });

  test('Markdown that means to take for ever is shown as it is', async () => {
    const started = performance.now();
    await call('showMarkdown', '>'.repeat(15_000));
    await call('showMarkdown', '1. '.repeat(6000));
    await call('showMarkdown', '*'.repeat(1_000_000));
    expect(await shownText()).toHaveLength(1_000_000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
