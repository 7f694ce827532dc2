"""Which KV heads fetch what an answer is taken from, written into the shipped head profile as `retrieval`.

While right answers are written token by token, a head that retrieves looks at the same tokens in the document (Wu et al.,
"Retrieval Head", arXiv 2404.15574). Its score is the share of its attention that falls on tokens of the document equal to
the one to be written next: mean over the answer's tokens, the largest of the group's query heads, mean over answers.
"""

import argparse
import json
import math
from pathlib import Path

import torch

from evaluate import examples
from export import load_weights
from settings import ASSISTANT_ID, BOS_ID, END_ID, SHIPPED, SYSTEM_ID, USER_ID
from vocabulary import load

TASKS = ("one-fact", "two-hop", "json-record", "key-value", "needle")


@torch.no_grad()
def scores(model, document: list[int], question: list[int], answer: list[int]) -> torch.Tensor:
    """[layers · KV heads] for one answer, with dense attention."""
    s, ids = model.shape, torch.tensor(document + question + answer[:-1])
    first, last = len(document) + len(question) - 1, len(ids)
    equal = (ids[None, :len(document)] == torch.tensor(answer)[:, None]).float()
    x, found = model.embed_tokens(ids), []
    cos, sin = model.angles(torch.arange(last))
    mask = torch.arange(last)[None] <= torch.arange(first, last)[:, None]
    for layer in model.layers:
        q, k, v = (model.split(t, 1) for t in layer.project(x, cos, sin))
        k, v = model.widen(k), model.widen(v)
        logits = q[0, :, first:] @ k[0].transpose(1, 2) / math.sqrt(s.head_dim)
        shares = logits.masked_fill(~mask, -math.inf).softmax(-1)[:, :, :len(document)]
        found.append((shares * equal).sum(-1).mean(-1).view(s.kv_heads, -1).amax(-1))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = layer.finish(x, mixed.transpose(1, 2).reshape(last, -1))
    return torch.cat(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--documents", type=int, default=2, help="for each task")
    parser.add_argument("--questions", type=int, default=4, help="for each document")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    model, tokenizer = load_weights(options.model).eval(), load(options.model)

    def ids(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    rows = []
    for task in TASKS:
        for text, groups in examples(tokenizer, "train", task, options.tokens, options.documents, options.questions, options.seed):
            for turn, *_ in groups:
                rows.append(scores(model, [BOS_ID, SYSTEM_ID, *ids(text), END_ID], [USER_ID, *ids(turn.question), END_ID, ASSISTANT_ID],
                                   [*ids(turn.answer), END_ID]))
    mean = torch.stack(rows).mean(0)
    for head in mean.argsort(descending=True).tolist()[:8]:
        print(f"layer {head // model.shape.kv_heads}, KV head {head % model.shape.kv_heads}: {mean[head]:.2f}")
    path = options.model / "head-profile.json"
    # The file's layout, a line a field, stays.
    lines = [line for line in path.read_text().splitlines() if not line.startswith('  "retrieval"')]
    values = json.dumps([round(value, 4) for value in mean.tolist()], separators=(",", ":"))
    lines.insert(next(i for i, line in enumerate(lines) if line.startswith('  "stability"')), f'  "retrieval": {values},')
    path.write_text("\n".join(lines) + "\n")
    json.loads(path.read_text())
    print(f"{len(rows)} answers; {path} has their mean.")


if __name__ == "__main__":
    main()
