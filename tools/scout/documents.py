"""Puts sections and filler together into one document with the questions that it answers."""

import random
from dataclasses import dataclass

from asking import Section, Turn, Voice
from changes import Changes
from chat import SYSTEM, no_document, small_talk
from facts import Facts
from needles import CommonWords, Needles, Quotations, Variables
from oddities import with_oddities
from pools import LAST_NAMES
from prose import filler
from records import KINDS, Keys, Records
from sites import Sites

# task asked for on the command line → (family of document, names of the askers that make it)
TASKS = {
    "one-fact": ("mixed", ("one-fact", "thing", "record-field")),
    "two-hop": ("mixed", ("two-hop",)),
    "latest": ("mixed", ("latest",)),
    "several": ("mixed", ("several",)),
    "key-value": ("keys", ("key-value",)),
    "count": ("mixed", ("count", "count-ids")),
    "json-record": ("mixed", ("json-record",)),
    "json-all": ("mixed", ("json-all",)),
    "quote": ("prose", ("quote",)),
    "absent": ("mixed", ("absent",)),
    "follow-up": ("mixed", ("follow-up",)),
    "reverse": ("mixed", ("reverse",)),
    "needle": ("prose", ("needle", "needle-plain")),
    "needle-multi-value": ("prose", ("needle-multi-value",)),
    "needle-multi-query": ("prose", ("needle-multi-query",)),
    "variables": ("variables", ("variables",)),
    "common-words": ("words", ("common-words",)),
}
# how often an asker is drawn, relative to 1; JSON of all records is long and therefore rare
WEIGHTS = {"one-fact": 2.0, "two-hop": 4.0, "thing": 2.0, "reverse": 1.5, "several": 1.2, "json-record": 1.2, "json-all": 0.8, "count": 1.0, "count-ids": 0.3,
           "absent": 0.9, "site": 2.0, "site-follow-up": 0.7, "site-absent": 0.4, "follow-up": 1.5, "latest": 1.5, "needle": 1.5, "quote": 0.8, "key-value": 2.0}
TITLES = ["Report", "Chronicle", "Notes of the year", "The day book", "Minutes and papers", "Letters", "Inventory", "Memoranda",
          "Proceedings", "Annals", "Correspondence", "Account of the district"]


@dataclass
class Document:
    """text: what the reader gets; ask(): a fresh conversation of one or more turns about it, or None."""
    text: str
    sections: list[Section]
    voice: Voice

    def ask(self, only: tuple[str, ...] = ()) -> list[Turn] | None:
        options = [(name, asker) for s in self.sections for name, asker in s.askers.items() if not only or name in only]
        if not options:
            return None
        weights = [WEIGHTS.get(name, 1.0) for name, _ in options]
        return self.voice.rng.choices(options, weights)[0][1]()


def plain_document(voice: Voice, facts: int) -> Document:
    """A few unambiguous facts and nothing else: where the looking-up is learnt first."""
    section = Facts(voice, facts, 0, plain=True).section()
    return Document(" ".join(section.sentences), [section], voice)


def build(voice: Voice, family: str, characters: int, wanted: str = "") -> Document:
    """A document of about `characters`. wanted: a task of TASKS that it must offer."""
    make = {"mixed": mixed, "prose": prose, "keys": keys, "variables": variables, "words": words}[family]
    sections, kind, share = make(voice, characters, wanted)
    size = sum(len(t) + 1 for s in sections for t in s.sentences)
    missing = max(0, characters - size) if share else 0
    base = filler(voice.rng, voice.books, missing, kind) if missing > 60 else []
    if voice.books == "train":
        base = with_oddities(voice.rng, base)
    if base and kind != "noise" and "quote" in TASKS.get(wanted, ("", ("quote",)))[1]:
        sections.append(Quotations(voice, voice.rng.sample(base, min(len(base), 60))).section())
    return Document(arrange(voice.rng, sections, base), sections, voice)


def mixed(voice: Voice, characters: int, wanted: str):
    """People, things, records and changing values, thin or thick among filler."""
    rng, room = voice.rng, characters * voice.rng.choice([0.15, 0.35, 0.6, 0.9, 0.97])
    tells_people = wanted in ("", "one-fact", "two-hop", "several", "count", "json-record", "absent", "follow-up", "reverse")
    sections = []
    if tells_people and (wanted or rng.random() < 0.8):
        people = max(2, int(room * rng.choice([0.35, 0.6, 0.9]) / 190))
        sections.append(Facts(voice, people, max(1, people // 2)).section())
        room -= size_of(sections[-1])
    if not wanted and room > 300 and rng.random() < 0.45:
        sections.append(Sites(voice, max(2, int(room * rng.uniform(0.2, 0.7) / 150))).section())
        room -= size_of(sections[-1])
    kinds = rng.sample(list(KINDS), len(KINDS))
    if wanted in ("latest", "") and room > 250 and (wanted or rng.random() < 0.6):
        sections.append(Changes(voice, max(1, int(room * rng.uniform(0.3, 0.9) / 260))).section())
        room -= size_of(sections[-1])
    while kinds and (room > 300 or not sections) and (wanted or rng.random() < 0.9 or not sections):
        most = max(2, min(20, int(room / 90)))
        sections.append(Records(voice, kinds.pop(), rng.randint(min(3, most), most)).section())
        room -= size_of(sections[-1])
    if room > 400 and not wanted:
        sections.append(Keys(voice, max(2, int(room / 60))).section())
    return sections, rng.choice(["book", "book", "generated"]), 1.0


def prose(voice: Voice, characters: int, wanted: str):
    """Needles in a haystack of a book, of generated sentences or of noise."""
    rng = voice.rng
    needles = rng.randint(3, max(3, min(24, characters // 250)))
    kind = "book" if wanted == "needle" else rng.choice(["book", "book", "book", "generated", "noise"])
    if wanted == "quote":
        kind = "book"
    return [Needles(voice, needles).section()], kind, 1.0


def keys(voice: Voice, characters: int, wanted: str):
    rng = voice.rng
    count = max(2, int(characters * rng.choice([0.2, 0.5, 0.95]) / 26))
    return [Keys(voice, count).section()], rng.choice(["book", "generated"]), 1.0


def variables(voice: Voice, characters: int, wanted: str):
    rng = voice.rng
    return [Variables(voice, rng.randint(1, max(1, min(8, characters // 300))), rng.randint(1, 4)).section()], \
        rng.choice(["noise", "noise", "book"]), 1.0


def words(voice: Voice, characters: int, wanted: str):
    return [CommonWords(voice, max(12, min(400, characters // 12))).section()], "noise", 0.0


def size_of(section: Section) -> int:
    return sum(len(t) + 1 for t in section.sentences)


def arrange(rng: random.Random, sections: list[Section], base: list[str]) -> str:
    """Scatters or blocks each section over the filler, keeps its order, and sets paragraphs and headings."""
    placed = [(rng.random(), text) for text in base]
    placed = list(zip(sorted(at for at, _ in placed), base))
    for section in sections:
        if section.together:
            at, step = rng.random(), 1e-9
            block = ([f"\n{section.heading}"] if section.heading else []) + section.sentences
            placed += [(at + i * step, text) for i, text in enumerate(block)]
        else:
            placed += list(zip(sorted(rng.random() for _ in section.sentences), section.sentences))
    placed.sort(key=lambda item: item[0])
    parts, left = [], 0
    if rng.random() < 0.3:
        parts.append(rng.choice(TITLES))
    for _, text in placed:
        if text.startswith("\n"):
            parts.append(text)
            left = 0
        elif left > 0:
            parts.append(" " + text)
            left -= 1
        else:
            parts.append("\n\n" + text)
            left = rng.randint(1, 7)
    return "".join(parts).strip("\n")


def family_for(rng: random.Random) -> str:
    """The mixture of documents of the training set."""
    return rng.choices(["mixed", "prose", "keys", "variables", "words"], [60, 18, 14, 5, 3])[0]


def conversation(document: Document, turns: int, only: tuple[str, ...] = ()) -> list[Turn]:
    """Up to `turns` turns, no question twice."""
    rng, asked, said = document.voice.rng, set(), []
    for _ in range(turns * 3):
        if len(said) >= turns:
            break
        group = small_talk(document.voice, True) if rng.random() < 0.015 and not only else document.ask(only)
        if not group or group[0].question in asked or (len(said) and group[0].task == "json-all" and rng.random() < 0.5):
            continue
        asked.add(group[0].question)
        said += group
    return said


def system_text(rng: random.Random) -> str:
    """A caller's own system text; mostly none."""
    return rng.choice(SYSTEM) if rng.random() < 0.12 else ""


def talk_without_document(voice: Voice, turns: int) -> list[Turn]:
    name = f"{voice.rng.choice(['Ada', 'Tom', 'Mary', 'Hugo'])} {voice.pools.pick(LAST_NAMES)}"
    return [turn for _ in range(turns)
            for turn in (small_talk(voice, False) if voice.rng.random() < 0.75 else no_document(voice, name))]

