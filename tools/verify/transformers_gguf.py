"""A second referee: the same greedy steps by transformers in float32, on the weights as it dequantises a GGUF file.

    python tools/verify/transformers_gguf.py MODEL.gguf .cache/verify/ours.json TOLERANCE

Reads what the last `npm run verify` left, and ends with 1 where they differ. Needs torch, transformers, accelerate and gguf, and
4 bytes of memory a weight.
"""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM


def main(path, ours, tolerance):
    folder, name = os.path.split(os.path.abspath(path))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    result, is_equal = json.load(open(ours)), True
    for prompt, steps in zip(result["prompts"], result["steps"]):
        given = prompt["ids"]
        chosen = [step["ids"][0] for step in steps]
        # Every step in one pass: the answer so far is ours, so that one different token does not hide the rest.
        with torch.no_grad():
            logits = model(torch.tensor([given + chosen[:-1]]), logits_to_keep=len(chosen)).logits[0]
        logprobs = logits.double().log_softmax(-1)
        worst = max(
            abs(logprobs[i, token].item() - own)
            for i, step in enumerate(steps)
            for token, own in zip(step["ids"], step["logprobs"])
        )
        equal = sum(int(logprobs[i].argmax()) == token for i, token in enumerate(chosen))
        # The engine may choose another token where the margin allows it: its own log-probability tells.
        margins = [(logprobs[i].max() - logprobs[i, token]).item() for i, token in enumerate(chosen)]
        is_equal = is_equal and worst <= float(tolerance) and max(margins) <= 2 * float(tolerance)
        print(f"{len(given)} tokens: {equal} of {len(steps)} steps equal, largest difference {worst:.5f}", flush=True)
    return is_equal


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:4]) else 1)
