"""Goldens of GGML's quantised blocks by the Python package gguf: random blocks of every type, and what they dequantise to.

    python ggml_rows.py ../../test/fixtures/goldens/ggml-rows.json

Two rows of 512 columns a type. Scales are those of plausible weights, every other bit is random.
"""

import base64
import json
import pathlib
import sys

import gguf
import numpy
from gguf.quants import dequantize

# Where a block's f16 scales lie, in halves from its start.
SCALES = {
    "Q4_0": [0],
    "Q4_1": [0, 1],
    "Q5_0": [0],
    "Q5_1": [0, 1],
    "Q8_0": [0],
    "Q2_K": [40, 41],
    "Q3_K": [54],
    "Q4_K": [0, 1],
    "Q5_K": [0, 1],
    "Q6_K": [104],
    "IQ4_NL": [0],
    "IQ4_XS": [0],
}
ROWS, COLUMNS = 2, 512


def golden(name, random):
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (ROWS * COLUMNS // elements, size), dtype=numpy.uint8)
    halves = blocks.view(numpy.float16)
    for at in SCALES[name]:
        halves[:, at] = (random.uniform(0.001, 0.02, len(blocks)) * random.choice([-1, 1], len(blocks))).astype(numpy.float16)
    rows = blocks.reshape(ROWS, -1)
    values = dequantize(rows, kind).astype(numpy.float32)
    text = lambda array: base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()
    return {"type": name, "blocks": text(rows), "values": text(values)}


def main(target):
    random = numpy.random.default_rng(16)
    cases = [golden(name, random) for name in SCALES]
    written = {"engine": "gguf (Python)", "numRows": ROWS, "columns": COLUMNS, "cases": cases}
    pathlib.Path(target).write_text(json.dumps(written, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
