/** Files that the page hands out. */

/** Offers a file to the person, as a download. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The download has begun with the click, and keeps what it needs.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
