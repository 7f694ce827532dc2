"""Goldens of the architecture models by Hugging Face transformers (PyTorch on the CPU, float32).

    python transformers_goldens.py MODELS_FOLDER GOLDENS_FOLDER

MODELS_FOLDER is what make-models.ts wrote. Every forward pass recomputes the whole sequence without a KV cache, so that
the numbers rest on the model definition alone. Greedy: NUM_STEPS tokens a prompt; all log-probabilities in units of UNIT.
"""

import json
import pathlib
import sys

import torch
import transformers

NUM_STEPS = 9
TOP_FIRST = 20
TOP_LATER = 5
UNIT = 1e-5


@torch.no_grad()
def golden(model, prompt):
    """Greedy continuation of a list of token ids: tokens, and the top ids and scaled log-probabilities of each step."""
    sequence, tokens, ids, logprobs = list(prompt), [], [], []
    for step in range(NUM_STEPS):
        logits = model(torch.tensor([sequence]), use_cache=False).logits[0, -1]
        best = torch.log_softmax(logits.double(), dim=-1).topk(TOP_FIRST if step == 0 else TOP_LATER)
        tokens.append(int(best.indices[0]))
        ids.append(best.indices.tolist())
        logprobs.append([round(value / UNIT) for value in best.values.tolist()])
        sequence.append(tokens[-1])
    return {"promptLength": len(prompt), "tokens": tokens, "ids": ids, "logprobs": logprobs}


def main(models, goldens):
    torch.manual_seed(0)
    goldens.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path for path in models.iterdir() if path.is_dir()):
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
        )
        strays = [key for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in info[kind]]
        if strays:
            raise SystemExit(f"{folder.name}: tensors do not fit the model: {strays}")
        prompts = json.loads((folder / "prompts.json").read_text())
        cases = [golden(model.eval(), prompt) for prompt in prompts]
        engine = f"transformers {transformers.__version__}, torch {torch.__version__}"
        text = json.dumps({"engine": engine, "unit": UNIT, "cases": cases}, separators=(",", ":"))
        (goldens / f"{folder.name}.json").write_text(text + "\n")
        print(f"{folder.name}: {type(model).__name__}, tokens after 16: {cases[2]['tokens']}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
