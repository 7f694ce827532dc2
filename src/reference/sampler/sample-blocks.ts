/** CPU twin of sampler/sample-blocks: the greatest adjusted logit of every 256 tokens. */
import { adjustedLogits, type SampleStep } from './sample';

/** `[rows, ceil(vocabSize / 256), 2]`: the bits of the logit as f32, and the lowest token that has it. */
export function sampleBlocks(step: SampleStep): Uint32Array<ArrayBuffer> {
  const blockTokens = 256;
  const numBlocks = Math.ceil(step.vocabSize / blockTokens);
  const numRows = step.rows.length / 4;
  const floats = new Float32Array(2 * numRows * numBlocks);
  const words = new Uint32Array(floats.buffer);
  for (let row = 0; row < numRows; row++) {
    const values = adjustedLogits(step, row);
    for (let block = 0; block < numBlocks; block++) {
      const end = Math.min((block + 1) * blockTokens, values.length);
      let best = block * blockTokens;
      for (let token = best + 1; token < end; token++) if (values[token]! > values[best]!) best = token;
      const at = 2 * (row * numBlocks + block);
      floats[at] = values[best]!;
      words[at + 1] = best;
    }
  }
  return words;
}
