"""What real documents hold besides sentences: mark-up, addresses, figures, other alphabets, stray characters.

A network that never read a character may lose its way in every document that has it: a single backtick did that to
weights trained on three books. So training sees every byte of UTF-8 that text can have, in small amounts.
"""

import random

ALPHABETS = ((0x21, 0x7E), (0xA1, 0xFF), (0x100, 0x17F), (0x391, 0x3C9), (0x410, 0x44F), (0x5D0, 0x5EA), (0x621, 0x64A),
             (0x905, 0x939), (0x2010, 0x2026), (0x2030, 0x205E), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2190, 0x21FF),
             (0x2200, 0x22FF), (0x2500, 0x257F), (0x25A0, 0x25FF), (0x3041, 0x30FE), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3),
             (0xFF01, 0xFF5E), (0x1F300, 0x1F64F), (0x1D400, 0x1D7FF))
SYMBOLS = "`~!@#$%^&*()_+-=[]{}|;':\",.<>/?\\§°·•…–—“”‘’«»€£¥"
WORDS = "index main page figure table note item data chapter value report total list archive map version letter source".split()
# how whole documents may be written: a character and what stands for it
HABITS = (("'", "’"), ("'", "`"), ('"', "``"), ("—", "--"), ("--", "—"), ("--", " – "), (" ", "  "), (".", ". *"), (" the ", " _the_ "))


def _word(rng: random.Random) -> str:
    return rng.choice(WORDS)


def _stray(rng: random.Random) -> str:
    low, high = rng.choice(ALPHABETS)
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 12)))


def _symbols(rng: random.Random) -> str:
    return rng.choice(SYMBOLS) * rng.randint(1, 12) if rng.random() < 0.5 else "".join(rng.choices(SYMBOLS, k=rng.randint(2, 16)))


def _address(rng: random.Random) -> str:
    return (f"{rng.choice(['https://', 'http://www.', 'ftp://', ''])}{_word(rng)}{rng.randint(0, 99)}."
            f"{rng.choice(['com', 'org', 'net', 'example'])}/{_word(rng)}/{_word(rng)}.{rng.choice(['html', 'pdf', 'txt', 'php?id=7'])}")


def _markup(rng: random.Random) -> str:
    word, other = _word(rng), _word(rng)
    return rng.choice([f"## {word.title()} {other}", f"* *{word}* and **{other}**", f"[{word}]({_address(rng)})", f"`{word}.{other}()`",
                       f"<p class=\"{word}\">{other} &amp; {word}</p>", f"| {word} | {other} | {rng.randint(0, 9999)} |", "|---|---|---|",
                       f"> _{word}_ [{rng.randint(1, 99)}]", f"${word}_{{{rng.randint(0, 9)}}} = \\frac{{1}}{{{rng.randint(2, 99)}}}$",
                       f"if ({word} == {rng.randint(0, 99)}) {{ return \"{other}\"; }}", f"{word}\t{other}\t{rng.random():.6f}"])


def _figures(rng: random.Random) -> str:
    return " ".join(f"{rng.uniform(-1000, 1000):.{rng.randint(0, 5)}f}{rng.choice(['', '%', ' km', ',', ';'])}" for _ in range(rng.randint(2, 8)))


def oddity(rng: random.Random) -> str:
    """A few characters to a line of something that is no sentence."""
    return rng.choice([_stray, _stray, _symbols, _address, _markup, _markup, _figures])(rng)


def with_oddities(rng: random.Random, sentences: list[str]) -> list[str]:
    """The filler of a document as some people write and some programs print; half of all documents stay as they are."""
    if rng.random() < 0.5:
        return sentences
    for said, instead in rng.sample(HABITS, rng.choice([0, 1, 1, 2])):
        sentences = [s.replace(said, instead) for s in sentences]
    share, found = rng.choice([0.01, 0.03, 0.1, 0.25]), []
    for sentence in sentences or [""]:
        luck = rng.random()
        if luck < share:
            at = rng.randint(0, len(sentence))
            sentence = f"{sentence[:at]} {oddity(rng)} {sentence[at:]}"
        elif luck < 2 * share:
            found.append(oddity(rng))
        found.append(sentence)
    return [s for s in found if s]
