/** WGSL as the bundle has it: without comments and indentation, line by line as it was written. */

/** Index after the block comment that begins at `start`; such comments nest. */
function endOfBlockComment(source: string, start: number): number {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = start;
  let depth = 0;
  for (let match = edges.exec(source); match; match = edges.exec(source)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  throw new Error('A block comment in WGSL has no end.');
}

/** The source without comments: WGSL has no texts in which a comment could seem to begin. @throws Error for one without an end */
function withoutComments(source: string): string {
  const beginning = /\/\/.*|\/\*/g;
  let result = '';
  let end = 0;
  for (let match = beginning.exec(source); match; match = beginning.exec(source)) {
    result += source.slice(end, match.index);
    // What stood on both sides of a comment stays apart.
    if (match[0] === '/*') result += ' ';
    end = match[0] === '/*' ? endOfBlockComment(source, match.index) : beginning.lastIndex;
    beginning.lastIndex = end;
  }
  return result + source.slice(end);
}

/** The source without comments, indentation and empty lines. @throws Error for a block comment without an end */
export function stripWgsl(source: string): string {
  return withoutComments(source)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');
}
