"""Writes seeded documents with questions as JSON lines, for tests and for the quality bench.

    python tools/scout/generate.py --split heldout --task one-fact --tokens 4096 --documents 4 --seed 7 > x.jsonl

Each line: {"document", "task", "tokens", "conversations": [[{"task", "question", "answer", "fields"}, ...], ...], "turns": [...]}
where `turns` holds the first turn of every conversation (the only one but for follow-up questions). A right answer
equals `answer`; part marks may be given for each of `fields` that it contains.
"""

import argparse
import json
import sys
from pathlib import Path

from documents import TASKS
from evaluate import examples
from settings import SHIPPED
from vocabulary import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("heldout", "familiar", "train"), default="heldout",
                        help="heldout: words that training never used; familiar: new documents of known words")
    parser.add_argument("--task", choices=list(TASKS), default="one-fact")
    parser.add_argument("--tokens", type=int, default=4096, help="length of the document in Scout's tokens")
    parser.add_argument("--documents", type=int, default=4)
    parser.add_argument("--questions", type=int, default=8, help="conversations per document, at most")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--unseen-wordings", action="store_true", help="ask in wordings that training never used")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder with tokenizer.json")
    options = parser.parse_args()
    tokenizer = load(options.model)
    for text, groups in examples(tokenizer, options.split, options.task, options.tokens, options.documents, options.questions,
                                 options.seed, options.unseen_wordings):
        json.dump({"document": text, "task": options.task,
                   "tokens": len(tokenizer.encode(text, add_special_tokens=False).ids),
                   "turns": [group[0].as_dict() for group in groups],
                   "conversations": [[turn.as_dict() for turn in group] for group in groups]},
                  sys.stdout, ensure_ascii=False)
        print()


if __name__ == "__main__":
    main()
