"""Training sequences on the fly: worker processes write documents with questions and hand over token arrays."""

import multiprocessing as mp
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full

import numpy as np

from asking import Voice
from documents import build, conversation, family_for, plain_document, system_text, talk_without_document
from settings import ASSISTANT_ID, BOS_ID, END_ID, PAD_ID, SYSTEM_ID, USER_ID

ELSEWHERE = 8  # weight of tokens that are no answer, in 1/255
CHARACTERS = {"mixed": 2.6, "prose": 2.95, "keys": 2.35, "variables": 2.75, "words": 1.75}  # per token


@dataclass(frozen=True)
class Bucket:
    """Batches of one shape: `rows` sequences of `length` tokens."""
    name: str
    length: int
    rows: int


class Writer:
    """Turns seeds into rows of token ids with a loss weight for every token."""

    def __init__(self, tokenizer, part: str = "train"):
        self.tokenizer, self.part = tokenizer, part

    def encode(self, texts: list[str]) -> list[list[int]]:
        return [e.ids for e in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def row(self, seed: str, bucket: Bucket) -> tuple[list[int], list[int]]:
        """(ids, weights) of at most length + 1 tokens."""
        rng = random.Random(seed)
        voice = Voice(rng, self.part, invented=0.0 if bucket.name == "easy" else None)
        room = bucket.length + 1
        if bucket.name == "easy":
            document = plain_document(voice, rng.randint(2, 5))
            head, turns = [BOS_ID, SYSTEM_ID, *self.encode([document.text])[0], END_ID], conversation(document, 5)
        elif bucket.length <= 512 and rng.random() < 0.04:
            text = system_text(rng)
            head = [BOS_ID, SYSTEM_ID, *self.encode([text])[0], END_ID] if text else [BOS_ID]
            turns = talk_without_document(voice, rng.randint(1, 4))
        else:
            family = family_for(rng)
            low, high = (0.3, 0.75) if bucket.length <= 512 else (0.5, 0.85) if bucket.length <= 2048 else (0.75, 0.95)
            aim = rng.uniform(low, high) * room
            document = build(voice, family, int(aim * CHARACTERS[family]))
            text, system = document.text, system_text(rng)
            ids = self.encode([f"{text}\n\n{system}" if system else text])[0]
            if len(ids) > room - 60:
                return self.row(seed + "+", bucket)
            head = [BOS_ID, SYSTEM_ID, *ids, END_ID]
            turns = conversation(document, 2 + (room - len(head)) // 28)
        ids, weights = head, [ELSEWHERE] * len(head)
        encoded = self.encode([text for turn in turns for text in (turn.question, turn.answer)])
        for question, answer in zip(encoded[::2], encoded[1::2]):
            if len(ids) + len(question) + len(answer) + 4 > room:
                break
            ids += [USER_ID, *question, END_ID, ASSISTANT_ID, *answer, END_ID]
            weights += [ELSEWHERE] * (len(question) + 3) + [255] * (len(answer) + 1)
        return ids, weights

    def batch(self, seed: str, bucket: Bucket) -> tuple[np.ndarray, np.ndarray]:
        """ids uint16 [rows, length + 1] and weights uint8 of the same shape, 0 on padding."""
        ids = np.full((bucket.rows, bucket.length + 1), PAD_ID, dtype=np.uint16)
        weights = np.zeros((bucket.rows, bucket.length + 1), dtype=np.uint8)
        for number in range(bucket.rows):
            row, weight = self.row(f"{seed}/{number}", bucket)
            ids[number, :len(row)] = row
            weights[number, :len(row)] = weight
        return ids, weights


def work(folder: Path, seed: str, buckets: tuple[Bucket, ...], wanted, queues) -> None:
    """Keeps the queues of the wanted buckets filled until the process is ended."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(5)
    from vocabulary import load
    writer, number = Writer(load(folder)), 0
    while True:
        open_ones = [(queues[i].qsize(), i) for i in range(len(buckets)) if wanted[i] and not queues[i].full()]
        if not open_ones:
            time.sleep(0.005)
            continue
        _, chosen = min(open_ones)
        made = writer.batch(f"{seed}/{number}", buckets[chosen])
        number += 1
        try:
            queues[chosen].put(made, timeout=5)
        except Full:
            continue


class Feed:
    """Worker processes and one queue per bucket; a batch is used again when no fresh one is ready in time.

    Make it before the GPU is first touched: the workers are forked.
    """

    def __init__(self, folder: Path, seed: str, buckets: tuple[Bucket, ...], workers: int):
        context = mp.get_context("fork")
        self.buckets, self.reused, self.last = buckets, 0, {}
        self.queues = [context.Queue(maxsize=24) for _ in buckets]
        self.wanted = context.Array("i", [1] * len(buckets), lock=False)
        self.workers = [context.Process(target=work, args=(folder, f"{seed}-{w}", buckets, self.wanted, self.queues), daemon=True)
                        for w in range(workers)]
        for worker in self.workers:
            worker.start()

    def want(self, names: set[str]) -> None:
        for i, bucket in enumerate(self.buckets):
            self.wanted[i] = int(bucket.name in names)

    def take(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        i = next(i for i, b in enumerate(self.buckets) if b.name == name)
        try:
            self.last[name] = self.queues[i].get(timeout=0.5 if name in self.last else 120)
        except Empty:
            self.reused += 1
        return self.last[name]

    def close(self) -> None:
        for worker in self.workers:
            worker.terminate()
