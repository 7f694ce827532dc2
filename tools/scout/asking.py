"""What every family of documents is made of: sentences, questions with answers, and the wording of both."""

import random
from dataclasses import dataclass, field
from typing import Callable

from pools import Pools

ABSENT = "The document does not say."
OPENERS = ["Question: ", "Please answer: ", "From the document: ", "I would like to know: ", "Next: ", "Look this up: "]
UNSEEN_OPENERS = ["One more thing: "]
CLOSERS = [" Please.", " Thank you.", " Use the document.", " Be exact.", " Keep it short."]


@dataclass
class Turn:
    """One question with the answer that the document supports.

    `fields` are the strings that a right answer must contain, for scorers that give part marks.
    """
    task: str
    question: str
    answer: str
    fields: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        return {"task": self.task, "question": self.question, "answer": self.answer,
                "fields": self.fields or [self.answer]}


@dataclass
class Section:
    """Sentences that belong together and the questions that can be asked about them.

    Each entry of `askers` makes a conversation of one or more turns, or None when it has nothing to ask.
    A sentence that starts with a line feed stands on a line of its own.
    """
    sentences: list[str]
    askers: dict[str, Callable[[], list[Turn] | None]]
    together: bool = False
    heading: str = ""


class Voice:
    """Chooses wordings. Lists of four or more keep their last entry for `unseen` wordings."""

    def __init__(self, rng: random.Random, part: str, unseen: bool = False, invented: float | None = None,
                 books: str = ""):
        """books: the part of the books that haystacks are cut from, if not `part`."""
        self.rng, self.part, self.unseen, self.books = rng, part, unseen, books or part
        self.pools = Pools(rng, part, invented)

    def say(self, options: str, **values: str) -> str:
        """One of the statements divided by "|", filled in and with a capital at the start."""
        return upper(self.rng.choice(options.split("|")).format(**values))

    def ask(self, options: str, **values: str) -> str:
        """A question: one of the wordings divided by "|", now and then with words before or after."""
        choices = options.split("|")
        if len(choices) >= 4:
            choices = choices[-1:] if self.unseen else choices[:-1]
        text = upper(self.rng.choice(choices).format(**values))
        if self.books == "train" and self.rng.random() < 0.12:
            return self.careless(text)
        luck = self.rng.random()
        if luck < 0.12:
            text = self.rng.choice(UNSEEN_OPENERS if self.unseen else OPENERS) + text
        elif luck < 0.2:
            text += self.rng.choice(CLOSERS)
        return text

    def careless(self, text: str) -> str:
        """As people type in haste: no mark at the end, no capital at the start, or no capitals at all."""
        match self.rng.randrange(3):
            case 0: return text.rstrip("?.")
            case 1: return text[:1].lower() + text[1:].rstrip("?.")
            case _: return text.lower()


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def join(parts: list[str]) -> str:
    """"a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
