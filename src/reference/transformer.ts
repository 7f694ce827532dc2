/**
 * The whole transformer on the CPU in plain loops: f32 storage, f64 sums. Referee of the engine, never part of it; it
 * shares nothing with the kernels but the model's description.
 */
import type { ModelConfig } from '../config/model-config';

import { roundToF16 } from '../util/f16';
import { gateActivation } from './gate-activation';
import { addTo, attendHead, linear, softCapped, turnHeads } from './layer-products';
import {
  gatherWeights,
  type ReferenceLayer,
  type ReferenceTensor,
  type ReferenceWeights,
} from './model-tensors';
import { layerNorm } from './norm/layer-norm';
import { rmsNorm } from './norm/rms-norm';
import { ropeFrequencies } from './rope-angles';

/** How the engine to be compared with stores its matrices, and its keys and values. */
export interface ReferenceStorage {
  readonly weights: 'f32' | 'f16';
  /** `'int8'`: pages of 16 tokens, each head's keys rounded by channel and values by token, the open page too while decoding; `'int8 on the host'`: a page only once it is full. */
  readonly kv: 'f32' | 'f16' | 'int8' | 'int8 on the host';
}

/** Called with the softmax weights of every query head at every token: those of positions `[firstPosition, position]`. */
type OnWeights = (
  at: { readonly layer: number; readonly head: number; readonly position: number },
  weights: Float64Array,
  firstPosition: number,
) => void;

/** A decoder-only transformer with its weights. */
export class ReferenceTransformer {
  readonly config: ModelConfig;
  readonly weights: ReferenceWeights;
  readonly storage: ReferenceStorage;
  /** `[rotaryDim / 2]` radians a position. */
  readonly frequencies: Float64Array;
  /** The same in layers with RoPE of their own. */
  readonly windowFrequencies: Float64Array;

  /**
   * @param tensors the model's tensors by their Hugging Face names
   * @throws Error naming a tensor that is missing or has the wrong shape
   */
  constructor(
    config: ModelConfig,
    tensors: ReadonlyMap<string, ReferenceTensor>,
    storage: ReferenceStorage = { weights: 'f32', kv: 'f32' },
  ) {
    this.config = config;
    this.weights = gatherWeights(config, tensors, storage.weights);
    this.storage = storage;
    this.frequencies = ropeFrequencies(config.rope);
    this.windowFrequencies = ropeFrequencies(config.windowRope ?? config.rope);
  }

  /** The logits `[ids.length, vocabSize]` after each of the ids, the first of them at position 0. */
  logits(ids: readonly number[]): Float32Array {
    return new ReferenceSequence(this).extend(ids);
  }

  /** A sequence without tokens; `onWeights` sees how it attends. */
  start(onWeights?: OnWeights): ReferenceSequence {
    return new ReferenceSequence(this, onWeights);
  }
}

/** Token by token or many at a time: keys and values of earlier tokens are kept. */
class ReferenceSequence {
  /** Tokens so far. */
  length = 0;
  readonly #model: ReferenceTransformer;
  /** Per layer, keys after RoPE and values, each token `[numKvHeads, headDim]`, as stored. */
  readonly #keys: Float32Array[][];
  readonly #values: Float32Array[][];

  readonly #onWeights: OnWeights | undefined;

  constructor(model: ReferenceTransformer, onWeights?: OnWeights) {
    this.#model = model;
    this.#onWeights = onWeights;
    this.#keys = model.config.layers.map(() => []);
    this.#values = model.config.layers.map(() => []);
  }

  /** Appends `ids`; the logits `[ids.length, vocabSize]` after each of them. */
  extend(ids: readonly number[]): Float32Array {
    const { weights } = this.#model;
    return this.#logits(this.#forward(ids), weights);
  }

  /** Appends `ids`; the logits `[vocabSize]` after the last of them. */
  extendToLast(ids: readonly number[]): Float32Array {
    const { weights, config } = this.#model;
    const last = this.#forward(ids).subarray((ids.length - 1) * config.hiddenSize);
    return this.#logits(last, weights);
  }

  #logits(hidden: Float32Array, { finalNorm, head }: ReferenceWeights): Float32Array {
    const { logitScale, logitSoftCap: cap } = this.#model.config;
    return linear(this.#norm(hidden, finalNorm), head).map((logit) => softCapped(logit * logitScale, cap));
  }

  /** The hidden states `[ids.length, hiddenSize]` behind the last layer. */
  #forward(ids: readonly number[]): Float32Array {
    const { config, weights } = this.#model;
    const { hiddenSize, embeddingScale } = config;
    const normed = (x: Float32Array, weight: Float32Array | undefined) =>
      weight ? this.#norm(x, weight) : x;
    const hidden = new Float32Array(ids.length * hiddenSize);
    ids.forEach((id, row) => {
      if (!(id >= 0 && id < config.vocabSize))
        throw new RangeError(`Token id ${id} is not in the vocabulary.`);
      const embedding = weights.embedding.data.subarray(id * hiddenSize, (id + 1) * hiddenSize);
      hidden.set(
        embedding.map((value) => value * embeddingScale),
        row * hiddenSize,
      );
    });
    weights.layers.forEach((layer, layerIndex) => {
      const input = normed(hidden, layer.inputNorm);
      const attended = linear(this.#attend(linear(input, layer.qkv), layerIndex), layer.output);
      addTo(hidden, normed(attended, layer.attentionOutputNorm));
      const x = config.isParallel ? input : normed(hidden, layer.mlpNorm);
      const fed = layer.experts ? this.#askExperts(x, layer) : this.#feedForward(x, layer);
      addTo(hidden, normed(fed, layer.mlpOutputNorm));
    });
    this.length += ids.length;
    return hidden;
  }

  #feedForward(x: Float32Array, { gateUp, down }: Pick<ReferenceLayer, 'gateUp' | 'down'>): Float32Array {
    const { activation, isUngated } = this.#model.config;
    const up = linear(x, gateUp);
    if (isUngated)
      return linear(
        up.map((value) => gateActivation(activation, value)),
        down,
      );
    const width = down.columns;
    const inner = Float32Array.from({ length: up.length / 2 }, (_, i) => {
      const gate = Math.floor(i / width) * 2 * width + (i % width);
      return gateActivation(activation, up[gate]!) * up[gate + width]!;
    });
    return linear(inner, down);
  }

  /** The sum of what each row's likeliest experts give, by their shares. */
  #askExperts(x: Float32Array, { router, experts }: ReferenceLayer): Float32Array {
    const { hiddenSize, experts: sizes } = this.#model.config;
    const { count, perToken, isNormalized } = sizes!;
    const logits = linear(x, router!);
    const y = new Float32Array(x.length);
    for (let row = 0; row * hiddenSize < x.length; row++) {
      const own = logits.subarray(row * count, (row + 1) * count);
      const largest = Math.max(...own);
      const weights = Array.from(own, (logit) => Math.exp(logit - largest));
      const chosen = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]!).slice(0, perToken);
      const total = (isNormalized ? chosen : [...weights.keys()]).reduce((sum, e) => sum + weights[e]!, 0);
      const input = x.subarray(row * hiddenSize, (row + 1) * hiddenSize);
      for (const expert of chosen) {
        const given = this.#feedForward(input, experts![expert]!);
        addTo(
          y.subarray(row * hiddenSize, (row + 1) * hiddenSize),
          given.map((value) => (value * weights[expert]!) / total),
        );
      }
    }
    return y;
  }

  #norm(x: Float32Array, weight: Float32Array): Float32Array {
    const { isLayerNorm, normEpsilon: epsilon } = this.#model.config;
    if (isLayerNorm) {
      const width = weight.length / 2;
      return layerNorm(x, weight, { rows: x.length / width, width, epsilon });
    }
    const width = weight.length;
    return rmsNorm(x, weight, { rows: x.length / width, width, epsilon: this.#model.config.normEpsilon });
  }

  /** Stores keys and values of the new rows of `qkv` and attends: `[rows, numHeads · headDim]`. */
  #attend(qkv: Float32Array, layerIndex: number): Float32Array {
    const { config, weights, storage } = this.#model;
    const { numHeads, numKvHeads, headDim, layers } = config;
    const { queryNorm, keyNorm } = weights.layers[layerIndex]!;
    const { usesRope, usesWindowRope, slidingWindow = Infinity } = layers[layerIndex]!;
    const keys = this.#keys[layerIndex]!;
    const values = this.#values[layerIndex]!;
    const queryWidth = numHeads * headDim;
    const kvWidth = numKvHeads * headDim;
    const width = queryWidth + 2 * kvWidth;
    const rows = qkv.length / width;
    const store = (x: Float32Array) => (storage.kv === 'f32' ? x : x.map(roundToF16));
    const turn = (heads: Float32Array, position: number) =>
      usesRope ? this.#rope(heads, position, usesWindowRope) : heads;
    const attended = new Float32Array(rows * queryWidth);
    for (let row = 0; row < rows; row++) {
      const position = this.length + row;
      const start = row * width;
      let query: Float32Array = qkv.slice(start, start + queryWidth);
      let key: Float32Array = qkv.slice(start + queryWidth, start + queryWidth + kvWidth);
      const isNormedLate = config.qkNorm === 'heads-after-rope';
      const normBoth = (isNow: boolean) => {
        if (!isNow || !queryNorm || !keyNorm) return;
        query = this.#norm(query, queryNorm);
        key = this.#norm(key, keyNorm);
      };
      normBoth(!isNormedLate);
      query = turn(query, position);
      key = turn(key, position);
      normBoth(isNormedLate);
      const { rate = 0, span = 1 } = config.queryGrowth ?? {};
      const growth = 1 + rate * Math.log(1 + Math.floor(position / span));
      keys.push(store(key));
      values.push(store(qkv.slice(start + queryWidth + kvWidth, start + width)));
      qkv.set(
        query.map((value) => value * growth),
        start,
      );
    }
    const [seenKeys, seenValues] = storage.kv.startsWith('int8')
      ? this.#rounded(keys, values, rows)
      : [keys, values];
    const score = { scale: config.attentionScale, softCap: config.attentionSoftCap };
    for (let row = 0; row < rows; row++) {
      const position = this.length + row;
      const query = qkv.subarray(row * width, row * width + queryWidth);
      const firstPosition = Math.max(0, position - slidingWindow + 1);
      for (let head = 0; head < numHeads; head++) {
        const kvOffset = Math.floor(head / (numHeads / numKvHeads)) * headDim;
        const queryHead = query.subarray(head * headDim, (head + 1) * headDim);
        const target = attended.subarray(row * queryWidth + head * headDim);
        const seen = {
          keys: seenKeys,
          values: seenValues,
          offset: kvOffset,
          firstPosition,
          end: position + 1,
        };
        const weights = attendHead(queryHead, seen, score, target);
        this.#onWeights?.({ layer: layerIndex, head, position }, weights, firstPosition);
      }
    }
    return attended;
  }

  /**
   * Keys and values as `rows` new tokens see them in pages of 8 bits. Full pages are rounded for good; a page that is not full
   * is seen as it is by a prompt, and rounded by a single token.
   */
  #rounded(keys: Float32Array[], values: Float32Array[], rows: number): [Float32Array[], Float32Array[]] {
    const { headDim } = this.#model.config;
    const isLate = rows === 1 && this.#model.storage.kv === 'int8 on the host';
    const seen: [Float32Array[], Float32Array[]] = [keys.slice(), values.slice()];
    const [seenKeys, seenValues] = [keys.slice(), values.slice()];
    for (let start = this.length - (this.length % 16); start < keys.length; start += 16) {
      const end = Math.min(start + 16, keys.length);
      if (end - start < 16 && rows > 1) break;
      const page = keys.slice(start, end);
      const range = (elements: readonly number[], x: number) => {
        const [least, largest] = [Math.min(...elements), Math.max(...elements)];
        const step = (largest - least) / 255;
        return step === 0 ? least : least + Math.round((x - least) / step) * step;
      };
      for (let at = start; at < end; at++) {
        seenKeys[at] = keys[at]!.map((x, i) =>
          range(
            page.map((key) => key[i]!),
            x,
          ),
        );
        seenValues[at] = values[at]!.map((x, i, all) => {
          const head = i - (i % headDim);
          return range([...all.subarray(head, head + headDim)], x);
        });
      }
      if (end - start < 16) break;
      keys.splice(start, 16, ...seenKeys.slice(start, end));
      values.splice(start, 16, ...seenValues.slice(start, end));
    }
    return isLate ? seen : [seenKeys, seenValues];
  }

  /** Turns each head's channel pairs (i, i + rotaryDim / 2) by the position's angles, in place. */
  #rope(heads: Float32Array, position: number, isWindow: boolean): Float32Array {
    const { config } = this.#model;
    const frequencies = isWindow ? this.#model.windowFrequencies : this.#model.frequencies;
    const { scaling } = isWindow ? config.windowRope! : config.rope;
    const magnitude = 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
    const angles = Float64Array.from(frequencies, (frequency) => position * frequency);
    return turnHeads(heads, config.headDim, angles, magnitude);
  }
}
