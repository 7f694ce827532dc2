"""From nothing to the shipped folder: tokenizer, training, export, accuracy.

    python tools/scout/make.py [--minutes 8] [--resume]
"""

import argparse
import subprocess
import sys
from pathlib import Path

from export import write_config
from settings import SHIPPED, Shape
from vocabulary import train as train_vocabulary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    parser.add_argument("--resume", action="store_true", help="keep the tokenizer and go on from the shipped weights")
    parser.add_argument("--seed", type=int, default=1)
    options, rest = parser.parse_known_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.resume:
        train_vocabulary(options.seed, Shape().vocab).save(str(options.folder / "tokenizer.json"))
        write_config(options.folder, Shape())
    command = [sys.executable, str(Path(__file__).with_name("train.py")), "--folder", str(options.folder), "--out", str(options.folder),
               "--seed", str(options.seed), *(["--resume"] if options.resume else []), *rest]
    raise SystemExit(subprocess.call(command))


if __name__ == "__main__":
    main()
