/** What keeps pages on a disk: a part of its own, since most loads never have so many. */
export { openDiskHostStore } from './disk-host-store';
export { TieredHostStore } from './tiered-host-store';
