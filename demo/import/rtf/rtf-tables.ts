/** Fonts, colours and styles as the head of an RTF file lists them: pure. */
import { charsets, encodingOfPage } from './rtf-words';

interface Font {
  name: string;
  charset: number;
  page: number | undefined;
}

/** The lists of a file's head. */
type TableName = 'fonttbl' | 'colortbl' | 'stylesheet';

/** See the file's header. */
export class RtfTables {
  readonly #fonts = new Map<number, Font>();
  readonly #colors: { red: number; green: number; blue: number }[] = [];
  #color: { red: number; green: number; blue: number } | undefined;
  readonly #styles = new Map<number, string>();
  #font = 0;
  #style = 0;

  word(table: TableName, name: string, parameter: number): void {
    if (table === 'fonttbl') {
      if (name === 'f') {
        this.#font = parameter;
        this.#fonts.set(parameter, { name: '', charset: 1, page: undefined });
      }
      const font = this.#fonts.get(this.#font);
      if (font && name === 'fcharset') font.charset = parameter;
      if (font && name === 'cpg') font.page = parameter;
    } else if (table === 'colortbl') {
      if (name === 'red' || name === 'green' || name === 'blue') {
        this.#color ??= { red: 0, green: 0, blue: 0 };
        this.#color[name] = parameter;
      }
    } else if (name === 's') {
      this.#style = parameter;
      this.#styles.set(parameter, '');
    } else if (name === 'cs' || name === 'ts' || name === 'ds') this.#style = -1;
  }

  text(table: TableName, text: string): void {
    if (table === 'fonttbl') {
      const font = this.#fonts.get(this.#font);
      if (font) font.name += text;
    } else if (table === 'colortbl') {
      for (let i = 0; i < text.split(';').length - 1; i++) {
        // The first colour is mostly not given: it is that of the window.
        this.#colors.push(this.#color ?? { red: 0, green: 0, blue: 0 });
        this.#color = undefined;
      }
    } else if (this.#style >= 0) {
      this.#styles.set(this.#style, (this.#styles.get(this.#style) ?? '') + text);
    }
  }

  isWhite(color: number): boolean {
    const found = this.#colors[color];
    return found?.red === 255 && found.green === 255 && found.blue === 255;
  }

  isHeading(style: number): boolean {
    return /^(?:heading \d|title)\b/i.test(this.#styles.get(style) ?? '');
  }

  nameOf(font: number): string {
    return (this.#fonts.get(font)?.name ?? '').replace(/;.*$/s, '').trim();
  }

  isSymbolFont(font: number): boolean {
    return this.#fonts.get(font)?.charset === 2;
  }

  encodingOf(font: number): string | undefined {
    const { charset = 1, page } = this.#fonts.get(font) ?? {};
    return page === undefined ? charsets[charset] : encodingOfPage(page);
  }
}
