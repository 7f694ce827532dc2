"""Exact-match accuracy by task and length on documents that training never saw, with dense attention.

An answer counts as right when the network's first choice is right at every token of it, its end included, after the
right beginning: exactly the cases in which greedy decoding gives the answer. "fields" is the share of the strings in
the answer (values, names, JSON fields) whose tokens are all right, counted in the same way.
"""

import argparse
import json
import random
from pathlib import Path

import torch

from asking import Turn, Voice
from batches import CHARACTERS
from documents import TASKS, build
from settings import ASSISTANT_ID, BOS_ID, END_ID, PAD_ID, SHIPPED, SYSTEM_ID, USER_ID

LENGTHS = (1024, 4096, 8192, 16384, 32768)


def voice_for(split: str, seed: str, unseen: bool = False) -> Voice:
    """The voice of a split; all use fresh documents.

    heldout: names, words and numbers that training never used, held-out books. familiar: words of the training pools
    in new combinations, held-out books. train: as in training, with invented words and the training books.
    """
    rng = random.Random(f"{split}-{seed}")
    if split == "familiar":
        return Voice(rng, "train", unseen, invented=0.0, books="heldout")
    return Voice(rng, split, unseen)


def fitted(tokenizer, voice: Voice, task: str, tokens: int):
    """A document of the task of 80 to 100 % of `tokens`, prompt and all."""
    family, scale = TASKS[task][0], 0.93
    for attempt in range(20):
        document = build(voice, family, int(tokens * scale * CHARACTERS[family]), task)
        size = len(tokenizer.encode(document.text, add_special_tokens=False).ids)
        if size <= tokens - 48 and (size >= 0.8 * tokens or family == "words"):
            return document
        scale *= min(1.2, max(0.7, 0.92 * tokens / size))
    return document


def questions(document, task: str, count: int) -> list[list[Turn]]:
    """Up to `count` different conversations of the task about one document."""
    found: dict[str, list[Turn]] = {}
    for _ in range(count * 8):
        group = document.ask(TASKS[task][1])
        if group and (task != "follow-up" or len(group) > 1):
            found.setdefault(group[0].question, group)
        if len(found) == count:
            break
    return list(found.values())


def examples(tokenizer, split: str, task: str, tokens: int, documents: int, per_document: int, seed: int, unseen: bool = False):
    """Seeded (document text, conversations) pairs; a document on which the task cannot be asked is drawn again."""
    for number in range(documents):
        for attempt in range(20):
            document = fitted(tokenizer, voice_for(split, f"{seed}-{task}-{tokens}-{number}-{attempt}", unseen), task, tokens)
            groups = questions(document, task, per_document)
            if groups:
                yield document.text, groups
                break


@torch.no_grad()
def score(model, tokenizer, text: str, groups: list[list[Turn]], device: str) -> list[tuple[str, bool, float]]:
    """(task, all right, share of fields right) for every turn, each conversation starting afresh on the document."""
    def ids(part: str) -> list[int]:
        return tokenizer.encode(part, add_special_tokens=False).ids

    head = torch.tensor([[BOS_ID, SYSTEM_ID, *ids(text), END_ID]], device=device)
    _, past = model.read(head)
    rows, spans = [], []
    for group in groups:
        row, places = [], []
        for turn in group:
            row += [USER_ID, *ids(turn.question), END_ID, ASSISTANT_ID]
            encoded = tokenizer.encode(turn.answer, add_special_tokens=False)
            places.append((turn, len(row), encoded))
            row += [*encoded.ids, END_ID]
        rows.append(row)
        spans.append(places)
    results = []
    for start in range(0, len(rows), 8):
        part = rows[start:start + 8]
        width = max(map(len, part))
        logits, _ = model.read(torch.tensor([r + [PAD_ID] * (width - len(r)) for r in part], device=device), past)
        chosen = logits.argmax(-1).tolist()
        for row, choice, places in zip(part, chosen, spans[start:start + 8]):
            for turn, at, encoded in places:
                right = [choice[i - 1] == row[i] for i in range(at, at + len(encoded.ids) + 1)]
                results.append((turn.task, all(right), fields_right(turn, encoded.offsets, right)))
    return results


def fields_right(turn: Turn, offsets: list[tuple[int, int]], right: list[bool]) -> float:
    """Share of the turn's fields whose tokens (by their character offsets in the answer) are all right."""
    at, good, wanted = 0, 0, turn.fields or [turn.answer]
    for text in wanted:
        begin = turn.answer.find(text, at)
        begin = turn.answer.find(text) if begin < 0 else begin
        end = at = begin + len(text)
        good += all(ok for (a, b), ok in zip(offsets, right) if a < end and b > begin)
    return good / len(wanted)


def table(model, tokenizer, split: str, lengths, tasks, documents: int, per_document: int, seed: int, device: str,
          unseen: bool = False) -> dict:
    """{task: {length: {"exact", "fields", "n"}}}; a turn is filed under its own task."""
    found: dict[str, dict[int, dict]] = {}
    for tokens in lengths:
        for task in tasks:
            rows = [r for text, groups in examples(tokenizer, split, task, tokens, documents, per_document, seed, unseen)
                    for r in score(model, tokenizer, text, groups, device) if task != "follow-up" or r[0] == task]
            if rows:
                found.setdefault(task, {})[tokens] = {"exact": round(sum(r[1] for r in rows) / len(rows), 4),
                                                      "fields": round(sum(r[2] for r in rows) / len(rows), 4), "n": len(rows)}
    return found


def printed(found: dict, lengths) -> str:
    lines = ["| task | " + " | ".join(f"{n:,}" for n in lengths) + " |", "|---|" + "---|" * len(lengths)]
    for task, by in found.items():
        cells = [f"{100 * by[n]['exact']:.1f} ({100 * by[n]['fields']:.1f})" if n in by else "" for n in lengths]
        lines.append(f"| {task} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    from export import load_weights
    from vocabulary import load
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--split", choices=("heldout", "familiar", "train"), default="heldout")
    parser.add_argument("--lengths", type=int, nargs="+", default=list(LENGTHS[:2]))
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--documents", type=int, default=4)
    parser.add_argument("--questions", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unseen-wordings", action="store_true")
    parser.add_argument("--json", type=Path, help="write the numbers here as well")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = load_weights(options.model).to(device).eval()
    found = table(model, load(options.model), options.split, options.lengths, options.tasks, options.documents, options.questions,
                  options.seed, device, options.unseen_wordings)
    print(printed(found, options.lengths))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
