"""Writes `facts.jsonl` beside this file: what the quality bench asks about, with questions and answers, by Scout's generator.

    python tools/eval/data/make.py

Seeded: the same scripts in `tools/scout/` give the same file. It holds no prose: the bench spreads these sentences over a
haystack of the length that it wants. The first line has what generated haystacks are put together from, the others a split's
words, or a list of `parts` that can stand in one document without making a question about another part ambiguous. Split
`familiar`: new documents of words that Scout's training used; `heldout`: words that it never saw.
"""

import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scout"))

from asking import Turn, Voice  # noqa: E402
from changes import Changes  # noqa: E402
from facts import Facts  # noqa: E402
from pools import ADJECTIVES, NOUNS, PLACES  # noqa: E402
from prose import DID, HOW, NOISE, TIMES, WHO  # noqa: E402
from records import KINDS, Keys, Records  # noqa: E402
from settings import SHIPPED  # noqa: E402
from vocabulary import load  # noqa: E402

SEED = 2025
DOCUMENTS = 12
NUM_WORDS = 60
# asker → (conversations to keep per part, the task that they must be)
WANTED = {
    "one-fact": (4, "one-fact"), "thing": (2, "one-fact"), "two-hop": (4, "two-hop"), "several": (3, "several"),
    "follow-up": (3, "follow-up"), "count": (2, "count"), "json-record": (3, "json-record"), "absent": (2, "absent"),
    "record-field": (2, "one-fact"), "json-all": (1, "json-all"), "key-value": (4, "key-value"), "latest": (4, "latest"),
}
LONG_ANSWER_TOKENS = (400, 800)


def described(turn: Turn) -> dict:
    """A turn as the bench reads it; fields that the answer itself lists as JSON are left out."""
    found = {"task": turn.task, "question": turn.question, "answer": turn.answer}
    if turn.fields and not turn.task.startswith("json"):
        found["fields"] = turn.fields
    return found


def conversations(tokenizer, section) -> list[list[dict]]:
    found = []
    for name, asker in section.askers.items():
        wanted, task = WANTED.get(name, (0, ""))
        groups: dict[str, list[Turn]] = {}
        for _ in range(wanted * 12):
            group = asker()
            if len(groups) == wanted or not group or group[-1].task != task:
                continue
            if task == "json-all":
                tokens = len(tokenizer.encode(group[0].answer, add_special_tokens=False).ids)
                if not LONG_ANSWER_TOKENS[0] <= tokens <= LONG_ANSWER_TOKENS[1]:
                    continue
            # Another wording of the same question says little more: what counts is another answer.
            groups.setdefault(group[-1].question if task == "absent" else group[-1].answer, group)
        found += [[described(turn) for turn in group] for group in groups.values()]
    return found


def part(tokenizer, kind: str, section) -> dict:
    return {"kind": kind, "heading": section.heading, "isTogether": section.together, "sentences": section.sentences,
            "conversations": conversations(tokenizer, section)}


def long_records(tokenizer, voice: Voice, kind: str) -> dict:
    """Records so many that all of them as JSON are a long answer."""
    while True:
        found = part(tokenizer, kind, Records(voice, kind, voice.rng.randint(10, 14)).section())
        if any(turns[0]["task"] == "json-all" for turns in found["conversations"]):
            return found


def document(tokenizer, split: str, number: int) -> list[dict]:
    voice = Voice(random.Random(f"{SEED}-{split}-{number}"), "train" if split == "familiar" else split, invented=0.0)
    kinds = voice.rng.sample(list(KINDS), 2)
    return [part(tokenizer, "people", Facts(voice, 5, 2).section()),
            part(tokenizer, "changes", Changes(voice, 3).section()),
            part(tokenizer, "keys", Keys(voice, 8).section()),
            long_records(tokenizer, voice, kinds[0]),
            part(tokenizer, kinds[1], Records(voice, kinds[1], 5).section())]


def words(split: str) -> dict:
    rng, part_name = random.Random(f"{SEED}-{split}-words"), "train" if split == "familiar" else split
    chosen = {"adjectives": ADJECTIVES, "nouns": NOUNS, "places": PLACES}
    return {name: sorted(rng.sample(pool[part_name], min(NUM_WORDS, len(pool[part_name])))) for name, pool in chosen.items()}


def main() -> None:
    tokenizer = load(SHIPPED)
    lines = [{"command": "python tools/eval/data/make.py", "seed": SEED,
              "prose": {"times": TIMES, "who": WHO, "did": DID, "how": HOW, "noise": NOISE}}]
    for split in ("familiar", "heldout"):
        lines.append({"split": split, "words": words(split)})
        lines += [{"split": split, "parts": document(tokenizer, split, n)} for n in range(DOCUMENTS)]
    path = HERE / "facts.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines), encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
