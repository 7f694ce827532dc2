/** What control words of RTF stand for, as data. */

/** Words that are characters. */
export const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  line: '\n',
  lbr: '\n',
  emdash: '—',
  endash: '–',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  ltrmark: '',
  rtlmark: '',
  zwj: '\u200d',
  zwnj: '\u200c',
};

/** Symbols that are characters. */
export const symbols: Readonly<Record<string, string>> = { '~': '\u00a0', '-': '', _: '-', '|': '', ':': '' };

/** Groups that hold no text of the document, though no star says so. */
export const skipped = new Set(
  (
    'pict objdata objclass xe tc tcn rxe txe bkmkstart bkmkend generator nonshppict template themedata colorschememapping ' +
    'datastore latentstyles listtable listoverridetable revtbl rsidtbl xmlnstbl filetbl nonesttables private stylerestrictions ' +
    'pgdsctbl keywords subject operator category comment doccomm hlinkbase company manager author creatim revtim printim buptim ' +
    'ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn pn pnseclvl mmathPict falt panose'
  ).split(' '),
);

/** Groups with a star that are read all the same. */
export const starred = new Set([
  'shpinst',
  'shppict',
  'shptxt',
  'ud',
  'annotation',
  'atnauthor',
  'formfield',
  'ffl',
  'footnote',
  'nesttableprops',
  'fldinst',
]);

/** Encodings by the character sets of fonts; others are the document's. */
export const charsets: Readonly<Record<number, string>> = {
  0: 'windows-1252',
  77: 'macintosh',
  128: 'shift_jis',
  129: 'euc-kr',
  130: 'euc-kr',
  134: 'gb18030',
  136: 'big5',
  161: 'windows-1253',
  162: 'windows-1254',
  163: 'windows-1258',
  177: 'windows-1255',
  178: 'windows-1256',
  186: 'windows-1257',
  204: 'windows-1251',
  222: 'windows-874',
  238: 'windows-1250',
};

const pages: Readonly<Record<number, string>> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gb18030',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  65001: 'utf-8',
};

/** The encoding of a code page; undefined for one that no browser knows. */
export function encodingOfPage(page: number): string | undefined {
  return page >= 1250 && page <= 1258 ? `windows-${page}` : pages[page];
}
