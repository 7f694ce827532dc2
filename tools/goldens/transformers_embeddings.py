"""Embeddings of two architecture models by Hugging Face transformers (PyTorch on the CPU, float32).

    python transformers_embeddings.py MODELS_FOLDER GOLDENS_FILE

MODELS_FOLDER is what make-models.ts wrote. The last hidden states after the last norm, pooled as sentence-transformers do
and scaled to the length 1, in units of UNIT.
"""

import json
import pathlib
import sys

import torch
import transformers

MODELS = ("qwen3", "gemma3")
LENGTHS = (1, 17, 700)
UNIT = 1e-6


def pooled(states):
    """Every pooling of the states [tokens, width], by its name."""
    weights = torch.arange(1, len(states) + 1, dtype=states.dtype)
    return {
        "cls": states[0],
        "mean": states.mean(dim=0),
        "max": states.max(dim=0).values,
        "weightedmean": (states * (weights / weights.sum())[:, None]).sum(dim=0),
        "lasttoken": states[-1],
    }


@torch.no_grad()
def main(models, target):
    cases = []
    for name in MODELS:
        model = transformers.AutoModel.from_pretrained(
            models / name, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        for prompt in json.loads((models / name / "prompts.json").read_text()):
            if len(prompt) not in LENGTHS:
                continue
            states = model(torch.tensor([prompt]), use_cache=False).last_hidden_state[0].double()
            vectors = {
                pooling: [round(value / UNIT) for value in torch.nn.functional.normalize(vector, dim=0).tolist()]
                for pooling, vector in pooled(states).items()
            }
            cases.append({"model": name, "promptLength": len(prompt), "vectors": vectors})
    engine = f"transformers {transformers.__version__}, torch {torch.__version__}"
    text = json.dumps({"engine": engine, "unit": UNIT, "cases": cases}, separators=(",", ":"))
    target.write_text(text + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
