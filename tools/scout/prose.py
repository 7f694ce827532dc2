"""Haystacks: sentences of public-domain books where the folder is present, generated ones otherwise."""

import random
import re
import sys
from functools import lru_cache
from pathlib import Path

from settings import TEXTS

BOOKS = {
    "train": (("frankenstein.txt", 0.0, 1.0), ("federalist.txt", 0.0, 1.0), ("moby-dick.txt", 0.0, 0.5)),
    "heldout": (("alice29.txt", 0.0, 1.0), ("moby-dick.txt", 0.5, 1.0)),
}
NOISE = ("The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.").split(". ")
NOISE = [s.rstrip(".") + "." for s in NOISE]

TIMES = """In the morning|Towards noon|That evening|Before sunrise|All that week|On most days|After the rain|By lamplight|
As a rule|Now and then|During the winter|At the turn of the tide|Some days later|When the bells had rung|
Long afterwards|In those years|For the rest of the month|Once the road had dried""".replace("\n", "").split("|")
WHO = """the children|two old fishermen|the harbour master|a few neighbours|the clerks|the baker's boys|the carters|
nobody in particular|the choir|travellers from the coast|the night watch|a flock of gulls|the committee|the widow next door|
the apprentices|most of the village|the ferry passengers|a patient grey horse""".replace("\n", "").split("|")
DID = """walked slowly along the quay|waited under the old lime trees|talked about the price of bread|
looked out over the water|complained of the cold|mended what the wind had broken|swept the steps of the hall|
listened to the weather report|carried baskets up the hill|forgot what they had come for|sat by the stove and said little|
counted the barrels twice|watched the smoke rise from the mill|sang half of an old song|argued about the shortest way home|
kept to the sunny side of the street|drank something warm|went home early""".replace("\n", "").split("|")
HOW = """without any hurry|in good spirits|as they always had|and thought nothing of it|while the rain went on|
and were glad of the company|though nobody had asked them to|until it was quite dark|with more patience than skill|
and so the day passed|in spite of the mud|to the great surprise of the visitors|and nothing else happened|
as if the matter were settled""".replace("\n", "").split("|")


@lru_cache(maxsize=None)
def book_sentences(part: str, folder: Path = TEXTS) -> tuple[str, ...]:
    """Sentences (30 to 400 characters) of the books of one part, in reading order; empty without the folder."""
    sentences: list[str] = []
    for name, start, stop in BOOKS[part]:
        path = folder / name
        if not path.exists():
            print(f"scout: {path} is missing; using generated prose only for it", file=sys.stderr)
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        text = " ".join(text[int(len(text) * start):int(len(text) * stop)].split())
        sentences += [s for s in re.split(r"(?<=[.!?;”])\s+(?=[A-Z“`'])", text) if 30 <= len(s) <= 400]
    return tuple(sentences)


def generated_sentence(rng: random.Random) -> str:
    first, second = rng.choice(TIMES), rng.choice(WHO)
    parts = rng.randrange(3)
    if parts == 0:
        return f"{first} {second} {rng.choice(DID)}."
    if parts == 1:
        return f"{second[0].upper()}{second[1:]} {rng.choice(DID)} {rng.choice(HOW)}."
    return f"{first} {second} {rng.choice(DID)}, {rng.choice(HOW)}."


def filler(rng: random.Random, part: str, characters: int, kind: str) -> list[str]:
    """Sentences of about `characters` in all. kind: "book", "generated" or "noise"."""
    books = book_sentences(part) if kind == "book" else ()
    found, size = [], 0
    at = rng.randrange(len(books)) if books else 0
    while size < characters:
        if books:
            sentence = books[at % len(books)]
            at += 1
        elif kind == "noise":
            sentence = NOISE[at % len(NOISE)]
            at += 1
        else:
            sentence = generated_sentence(rng)
        found.append(sentence)
        size += len(sentence) + 1
    return found
