/** What packs pages into 8 bits: a part of its own, since not every engine stores them so. */
export { PagePacker } from './page-packer';
export { bindPacking } from './tile-packing';
