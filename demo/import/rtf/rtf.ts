/** RTF: text with its numbers, tables, notes, comments, heads and feet, as word processors write them. */
import type { ExtractedText } from '../document';
import { changesNote, hiddenNote } from '../notes';
import { RtfReader } from './rtf-reader';
import { scanRtf } from './scan-rtf';

/** @throws ImportError `damaged` when groups are nested without end */
export function readRtf(bytes: Uint8Array): ExtractedText {
  const reader = new RtfReader();
  scanRtf(bytes, reader);
  const { text, labels, title, beside, numHidden, numDeleted, numFormulas, isWhole, unknownPage } =
    reader.finish();
  return {
    text: [text, ...beside].filter((part) => part !== '').join('\n\n'),
    labels,
    titles: [title],
    notes: [
      ...(isWhole ? [] : ['The file is cut off or damaged; what could be read of it is here.']),
      ...(unknownPage === undefined
        ? []
        : [`Letters beyond English are in an encoding that cannot be read here (code page ${unknownPage}).`]),
      ...hiddenNote(numHidden),
      ...changesNote(numDeleted),
      ...(numFormulas > 0
        ? [`${numFormulas} ${numFormulas === 1 ? 'formula was' : 'formulas were'} left out.`]
        : []),
    ],
  };
}
