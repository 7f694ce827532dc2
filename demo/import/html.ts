/** HTML pages, as files or from the web. */
import { declaredEncoding, decodeText } from './decode-text';
import { htmlText, mainContent } from './html-text';
import type { ExtractedText } from './import-document';
import { inertMarkup } from './inert-markup';

/** @param charset what a server said of the encoding */
export function readHtml(bytes: Uint8Array, charset?: string): ExtractedText {
  const source = decodeText(bytes, charset ?? declaredEncoding(bytes));
  const page = new DOMParser().parseFromString(inertMarkup(source), 'text/html');
  return { text: htmlText(mainContent(page)), titles: [page.title, page.querySelector('h1')?.textContent] };
}
