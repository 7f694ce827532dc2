/**
 * Follows the groups and words of an RTF file: what its letters mean, where they go, and what nobody sees. Long because every word
 * changes the one state that all others read, and none can be understood alone; what words decide without the rest is in
 * `rtf-state.ts`, where text goes in `rtf-flow.ts`.
 */
import { ImportError } from '../import-error';
import { romanNumber } from '../text/numbering';
import { symbolCharacter } from '../word/symbols';
import { RtfFlow, type CellDefinition } from './rtf-flow';
import { RtfTables } from './rtf-tables';
import { formatOf, stateOf, type RtfState } from './rtf-state';
import { characters, encodingOfPage, skipped, starred, symbols } from './rtf-words';
import type { RtfHandler } from './scan-rtf';

/** Groups that may be open at a time. */
const maxGroups = 10_000;

/** What was read. */
interface RtfResult {
  readonly text: string;
  readonly labels: readonly string[];
  readonly title: string | undefined;
  /** Notes, comments, heads and feet. */
  readonly beside: readonly string[];
  readonly numHidden: number;
  readonly numDeleted: number;
  readonly numFormulas: number;
  readonly isWhole: boolean;
  /** A code page that no browser knows, where letters needed it. */
  readonly unknownPage: number | undefined;
}

/** See the file's header. */
export class RtfReader implements RtfHandler {
  readonly #labels: string[] = [];
  readonly #body = new RtfFlow(this.#labels);
  readonly #tables = new RtfTables();
  readonly #stack: RtfState[] = [];
  #state: RtfState;
  #bytes: number[] = [];
  #numToSkip = 0;
  #fieldText = '';
  #definitions: CellDefinition[] = [];
  #cell: { continuesLeft: boolean; continuesAbove: boolean } = {
    continuesLeft: false,
    continuesAbove: false,
  };
  readonly #notes: string[] = [];
  readonly #comments: string[] = [];
  readonly #heads = new Set<string>();
  readonly #feet = new Set<string>();
  #title: string | undefined;
  #author = '';
  #propertyName = '';
  #form = { type: 0, result: undefined as number | undefined, initial: 0, entries: [] as string[] };
  readonly #noteCounts = { footnote: 0, endnote: 0 };
  #isEndnote = false;
  #defaultPage = 1252;
  #unknownPage: number | undefined;
  #counts = { numHidden: 0, numDeleted: 0, numFormulas: 0 };
  #isUnseen = false;
  #isWhole = true;

  constructor() {
    this.#state = stateOf(this.#body);
  }

  openGroup(): void {
    this.#flush();
    this.#numToSkip = 0;
    if (this.#stack.length >= maxGroups) {
      throw new ImportError(
        'damaged',
        'This document is nested deeper than anybody writes, so it is damaged, or made to do harm.',
        'Open it in the program that it is for, copy its text, and paste that here.',
      );
    }
    this.#stack.push(this.#state);
    this.#state = { ...this.#state, isStarred: false, onEnd: undefined };
  }

  closeGroup(): void {
    this.#flush();
    this.#numToSkip = 0;
    const { onEnd } = this.#state;
    const outer = this.#stack.pop();
    if (!outer) {
      this.#isWhole = false;
      return;
    }
    this.#state = outer;
    onEnd?.();
  }

  byte(value: number): void {
    if (this.#numToSkip > 0) {
      this.#numToSkip--;
      return;
    }
    if (!this.#state.isSkipped) this.#bytes.push(value);
  }

  symbol(character: string): void {
    this.#flush();
    if (character === '*') {
      this.#set({ isStarred: true });
      return;
    }
    const text = symbols[character];
    if (text !== undefined) this.#write(text);
  }

  word(name: string, parameter: number | undefined): void {
    this.#flush();
    if (name === 'u') {
      this.#write(String.fromCharCode((parameter ?? 0) & 0xffff));
      this.#numToSkip = this.#state.numSubstitutes;
      return;
    }
    if (this.#numToSkip > 0 && characters[name] !== undefined) {
      this.#numToSkip--;
      return;
    }
    const { isStarred } = this.#state;
    if (isStarred) this.#set({ isStarred: false });
    if (skipped.has(name)) this.#set({ isSkipped: true });
    else if (isStarred && !starred.has(name)) {
      if (name.startsWith('moMath') && !this.#state.isSkipped) this.#counts.numFormulas++;
      this.#set({ isSkipped: true });
    } else if (!this.#enterGroup(name)) this.#apply(name, parameter);
  }

  /** @returns whether the word says what the group at hand is */
  #enterGroup(name: string): boolean {
    const outer = this.#stack.at(-1) ?? this.#state;
    switch (name) {
      case 'fonttbl':
      case 'colortbl':
      case 'stylesheet':
        this.#set({ field: name, flow: new RtfFlow([]) });
        return true;
      case 'info':
      case 'nesttableprops':
      case 'fldinst':
        this.#set({ field: name });
        return true;
      case 'title':
        if (outer.field !== 'info') return false;
        this.#takeField(name, (text) => (this.#title = text));
        return true;
      case 'upr':
        this.#set({ isSkipped: true });
        return true;
      case 'ud':
        // The same again, in Unicode: it counts, and what is around it does not.
        this.#set({ isSkipped: (this.#stack.at(-2) ?? this.#state).isSkipped });
        return true;
      case 'footnote':
        this.#enterNote();
        return true;
      case 'annotation':
        this.#enterFlow((text) => {
          const author = this.#author.trim();
          this.#comments.push(`[Comment${author ? ` by ${author}` : ''}] ${text.replace(/\s+/g, ' ')}`);
        });
        return true;
      case 'atnauthor':
        this.#takeField(name, (text) => (this.#author = text));
        return true;
      case 'listtext':
      case 'pntext':
        this.#enterFlow((text) => {
          const isBullet = !/[\p{L}\p{N}]/u.test(text) || text === 'o';
          this.#write(`${isBullet ? '-' : text} `);
        });
        return true;
      case 'sn':
        this.#takeField(name, (text) => (this.#propertyName = text));
        return true;
      case 'sv':
        this.#takeField(name, (text) => {
          if (this.#propertyName === 'wzDescription' && /[\p{L}\p{N}]/u.test(text)) {
            this.#write(` [Picture: ${text}] `);
          }
        });
        return true;
      case 'formfield':
        this.#enterForm();
        return true;
      case 'ffl':
        this.#takeField(name, (text) => this.#form.entries.push(text));
        return true;
      case 'ffname':
      case 'ffdeftext':
      case 'ffhelptext':
      case 'ffstattext':
      case 'ffformat':
      case 'ffentrymcr':
      case 'ffexitmcr':
        this.#set({ isSkipped: true });
        return true;
    }
    const margin = /^(header|footer)[lrf]?$/.exec(name)?.[1];
    if (margin === undefined) return false;
    this.#enterFlow((text) => {
      if (/\p{L}|\d{3}/u.test(text)) (margin === 'header' ? this.#heads : this.#feet).add(text);
    });
    return true;
  }

  #apply(name: string, parameter: number | undefined): void {
    const number = parameter ?? 0;
    const { flow, isInTable, field, isSkipped } = this.#state;
    const text = characters[name];
    if (text !== undefined) {
      this.#write(text);
      return;
    }
    if (field === 'fonttbl' || field === 'colortbl' || field === 'stylesheet') {
      this.#tables.word(field, name, number);
      return;
    }
    if (name === 'nestrow' && !isSkipped) flow.endNestedRow();
    // What defines the cells of inner tables is not for those of the outer one.
    if (field === 'nesttableprops') return;
    const format = formatOf(name, parameter);
    if (format) {
      this.#set(format);
      return;
    }
    switch (name) {
      case 'ansicpg':
        this.#defaultPage = number;
        break;
      case 'mac':
        this.#defaultPage = 10000;
        break;
      case 's':
        if (this.#tables.isHeading(number)) this.#set({ isHeading: true });
        break;
      case 'par':
      case 'sect':
      case 'page':
        if (!isSkipped) flow.endParagraph(this.#state.isHeading, isInTable);
        break;
      case 'trowd':
        this.#definitions = [];
        break;
      case 'clmrg':
        this.#cell.continuesLeft = true;
        break;
      case 'clvmrg':
        this.#cell.continuesAbove = true;
        break;
      case 'cellx':
        this.#definitions.push(this.#cell);
        this.#cell = { continuesLeft: false, continuesAbove: false };
        break;
      case 'cell':
        if (!isSkipped) flow.endCell();
        break;
      case 'row':
        if (isSkipped) break;
        flow.defineRow(this.#definitions);
        flow.endRow();
        break;
      case 'nestcell':
        if (!isSkipped) flow.endNestedCell();
        break;
      case 'ftnalt':
        this.#isEndnote = true;
        break;
      case 'fftype':
        this.#form.type = number;
        break;
      case 'ffres':
        this.#form.result = number;
        break;
      case 'ffdefres':
        this.#form.initial = number;
        break;
    }
  }

  #set(change: Partial<RtfState>): void {
    this.#state = { ...this.#state, ...change };
  }

  /** A group whose letters are one value. */
  #takeField(field: string, take: (text: string) => void): void {
    this.#fieldText = '';
    this.#set({ field, onEnd: () => take(this.#fieldText.trim()) });
  }

  /** A group that is a text of its own. */
  #enterFlow(take: (text: string) => void): void {
    if (this.#state.isSkipped) return;
    const flow = new RtfFlow([]);
    const change = { position: 0, isHidden: false, isStruck: false, isInTable: false, isHeading: false };
    this.#set({
      ...change,
      flow,
      onEnd: () => {
        const text = flow.toString();
        if (text !== '') take(text);
      },
    });
  }

  #enterNote(): void {
    this.#isEndnote = false;
    this.#enterFlow((text) => {
      const kind = this.#isEndnote ? 'endnote' : 'footnote';
      this.#isEndnote = false;
      const count = ++this.#noteCounts[kind];
      const number = kind === 'endnote' ? romanNumber(count) : `${count}`;
      this.#notes.push(`[${number}] ${text}`);
      this.#state.flow.write(`[${number}]`, 0, this.#state.isInTable);
    });
  }

  #enterForm(): void {
    this.#form = { type: 0, result: undefined, initial: 0, entries: [] };
    this.#set({
      field: 'formfield',
      onEnd: () => {
        const { type, result, initial, entries } = this.#form;
        // 25 stands for a field that nobody touched.
        const value = result === undefined || result === 25 ? initial : result;
        const text = type === 1 ? (value === 1 ? '☑' : '☐') : type === 2 ? (entries[value] ?? '') : '';
        // It stands in the code of a field, which is no text.
        const { flow, isSkipped, isInTable } = this.#state;
        if (!isSkipped && text !== '') flow.write(text, 0, isInTable);
      },
    });
  }

  /** Text of bytes goes where it belongs. */
  #flush(): void {
    if (this.#bytes.length === 0) return;
    const bytes = this.#bytes;
    this.#bytes = [];
    this.#write(this.#decode(bytes));
  }

  #decode(bytes: readonly number[]): string {
    const { font, field } = this.#state;
    if (this.#tables.isSymbolFont(font) && field === undefined) {
      const name = this.#tables.nameOf(font);
      return bytes
        .map(
          (byte) =>
            symbolCharacter(name, byte.toString(16)) ?? (byte < 0x80 ? String.fromCharCode(byte) : '\ufffd'),
        )
        .join('');
    }
    const isAscii = bytes.every((byte) => byte < 0x80);
    let encoding = this.#tables.encodingOf(font) ?? encodingOfPage(this.#defaultPage);
    if (encoding === undefined && !isAscii) this.#unknownPage = this.#defaultPage;
    encoding ??= 'windows-1252';
    return new TextDecoder(encoding).decode(new Uint8Array(bytes));
  }

  #write(text: string): void {
    const { flow, isSkipped, field, isHidden, isDeleted, isStruck, position, isInTable, color, hasGround } =
      this.#state;
    if (isSkipped || text === '') return;
    if (field === 'fonttbl' || field === 'colortbl' || field === 'stylesheet') {
      this.#tables.text(field, text);
      return;
    }
    if (field !== undefined) {
      this.#fieldText += text;
      return;
    }
    const isWhite = this.#tables.isWhite(color) && !hasGround && !isInTable;
    const isUnseen = isHidden || isDeleted || isWhite;
    if (!isUnseen) flow.write(text, position, isInTable, isStruck);
    else if (!this.#isUnseen && /[\p{L}\p{N}]/u.test(text)) {
      this.#counts[isDeleted ? 'numDeleted' : 'numHidden']++;
    }
    this.#isUnseen = isUnseen;
  }

  /** What there is when the file ends. */
  finish(): RtfResult {
    this.#flush();
    return {
      text: this.#body.toString(),
      labels: this.#labels,
      title: this.#title,
      beside: [
        ...this.#notes,
        ...this.#comments,
        ...[...this.#heads].map((text) => `[Page header] ${text}`),
        ...[...this.#feet].map((text) => `[Page footer] ${text}`),
      ],
      ...this.#counts,
      isWhole: this.#isWhole && this.#stack.length === 0,
      unknownPage: this.#unknownPage,
    };
  }
}
