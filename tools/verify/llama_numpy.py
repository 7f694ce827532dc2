"""A second referee: the same greedy steps by NumPy in float32, without a KV cache, on the weights as gguf dequantises them.

    python tools/verify/llama_numpy.py MODEL.gguf .cache/verify/ours.json

Reads what the last `npm run verify` left; for files of the architecture `llama` whose head is the embedding.
"""

import json
import sys

import gguf
import numpy
from gguf.quants import dequantize


class Model:
    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        field = lambda key: reader.fields[f"llama.{key}"].contents()
        self.tensors = {
            tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32).reshape(tensor.shape[::-1])
            for tensor in reader.tensors
        }
        self.layers, self.heads = field("block_count"), field("attention.head_count")
        self.kv_heads = field("attention.head_count_kv")
        self.width = field("embedding_length") // self.heads
        self.epsilon, self.theta = field("attention.layer_norm_rms_epsilon"), field("rope.freq_base")

    def norm(self, x, name):
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * self.tensors[name]

    def heads_of(self, x, name, count):
        return (x @ self.tensors[name].T).reshape(len(x), count, self.width)

    def rotate(self, x):
        """Neighbouring channels turn together, as the rows in the file are ordered for."""
        angles = numpy.arange(len(x))[:, None] * self.theta ** (-numpy.arange(0, self.width, 2) / self.width)
        cos, sin = numpy.cos(angles)[:, None], numpy.sin(angles)[:, None]
        result = x.copy()
        result[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
        result[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
        return result

    def logprobs(self, ids):
        """Log-probabilities of the token after `ids`."""
        x = self.tensors["token_embd.weight"][ids]
        mask = numpy.tril(numpy.ones((len(ids), len(ids)), bool))
        group = self.heads // self.kv_heads
        for layer in range(self.layers):
            part = lambda name: f"blk.{layer}.{name}.weight"
            h = self.norm(x, part("attn_norm"))
            q = self.rotate(self.heads_of(h, part("attn_q"), self.heads))
            k = numpy.repeat(self.rotate(self.heads_of(h, part("attn_k"), self.kv_heads)), group, 1)
            v = numpy.repeat(self.heads_of(h, part("attn_v"), self.kv_heads), group, 1)
            scores = numpy.where(mask, numpy.einsum("qhd,khd->hqk", q, k) / numpy.sqrt(self.width), -numpy.inf)
            shares = numpy.exp(scores - scores.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            attended = numpy.einsum("hqk,khd->qhd", shares, v).reshape(len(ids), -1)
            x = x + attended @ self.tensors[part("attn_output")].T
            h = self.norm(x, part("ffn_norm"))
            gate = h @ self.tensors[part("ffn_gate")].T
            up = h @ self.tensors[part("ffn_up")].T
            x = x + (gate / (1 + numpy.exp(-gate)) * up) @ self.tensors[part("ffn_down")].T
        logits = (self.norm(x[-1], "output_norm.weight") @ self.tensors["token_embd.weight"].T).astype(numpy.float64)
        logits -= logits.max()
        return logits - numpy.log(numpy.exp(logits).sum())


def main(path, ours):
    model = Model(path)
    result = json.load(open(ours))
    for prompt, steps in zip(result["prompts"], result["steps"]):
        ids, worst, equal = list(prompt["ids"]), 0.0, 0
        for step in steps:
            logprobs = model.logprobs(ids)
            worst = max([worst, *(abs(logprobs[i] - own) for i, own in zip(step["ids"], step["logprobs"]))])
            equal += int(logprobs.argmax()) == step["ids"][0]
            ids.append(step["ids"][0])
        print(f"{len(prompt['ids'])} tokens: {equal} of {len(steps)} steps equal, largest difference {worst:.5f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
