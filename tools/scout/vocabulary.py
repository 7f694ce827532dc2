"""Trains Scout's byte-level BPE and turns conversations into token ids.

Spaces join lower-case words only: a name, code or number is always cut in the same way, wherever it stands, so that
copying it needs no re-spelling. Digits go in pairs.
"""

import random
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from asking import Voice
from documents import build, conversation, family_for
from prose import book_sentences
from settings import SPECIALS

PATTERN = (r"'s| ?\p{Ll}+|\p{Lu}\p{Ll}*|[\p{Lt}\p{Lm}\p{Lo}\p{M}]+|\p{N}{1,2}| ?[^\s\p{L}\p{M}\p{N}]+|\s*[\r\n]+|"
           r"\s+(?!\S)|\s+")


def corpus(seed: int, documents: int):
    """Generated documents with questions and answers, and the training part of the books."""
    for number in range(documents):
        voice = Voice(random.Random(f"{seed}-{number}"), "train")
        document = build(voice, family_for(voice.rng), 6000)
        yield document.text
        for turn in conversation(document, 12):
            yield turn.question
            yield turn.answer
    sentences = book_sentences("train")
    for start in range(0, len(sentences), 40):
        yield " ".join(sentences[start:start + 40])
    for _ in range(20000):
        yield " ".join(f"{n:02d}" for n in range(100))


def train(seed: int, vocab: int, documents: int = 1500) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=[AddedToken(s, special=True, normalized=False) for s in SPECIALS],
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(corpus(seed, documents), trainer)
    return tokenizer


def load(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))
