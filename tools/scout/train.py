"""Trains Scout for a given number of minutes: the curriculum follows the clock, so it fits any machine.

Stages go from four unambiguous facts to full documents of 16k and 32k tokens. On a CUDA GPU: bf16 with f32 weights,
compiled layers, flash attention. Weights of half precision are saved every minute and can be resumed from.
"""

import argparse
import json
import math
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from batches import Bucket, Feed
from export import load_weights, save_weights, write_config
from model import Layer, Scout
from settings import SHIPPED, Shape

FLOOR, READ_EVERY = 0.02, 4
# the first that can: on an H100 cuDNN's attention takes 12 % less time than the flash kernels
KERNELS = [SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
LENGTHS = {"easy": 128, "short": 512, "2k": 2048, "4k": 4096, "8k": 8192, "16k": 16384, "32k": 32768}


@dataclass(frozen=True)
class Stage:
    """Ends at the share `until` of the whole time, or as soon as `enough` of the answer tokens of its first bucket are right."""
    until: float
    shares: dict[str, float]
    enough: float = 2.0


FROM_NOTHING = (
    Stage(0.15, {"easy": 1.0}, enough=0.97),
    Stage(0.20, {"short": 0.9, "easy": 0.1}, enough=0.85),
    Stage(0.38, {"2k": 0.5, "short": 0.4, "4k": 0.1}),
    Stage(0.60, {"4k": 0.4, "2k": 0.3, "8k": 0.2, "short": 0.1}),
    Stage(1.00, {"16k": 0.35, "8k": 0.2, "4k": 0.2, "2k": 0.12, "short": 0.08, "32k": 0.05}),
)
# From trained weights all lengths come from the start: after minutes of short ones alone the long ones had to be learnt anew.
RESUMED = (
    Stage(1.00, {"16k": 0.3, "8k": 0.25, "4k": 0.2, "2k": 0.1, "short": 0.06, "32k": 0.09}),
)


def buckets_for(stages: tuple[Stage, ...], tokens: int, longest: int) -> tuple[Bucket, ...]:
    """One bucket per length in use; all but "easy" hold `tokens` tokens a batch."""
    names = [n for n, length in LENGTHS.items() if length <= longest and any(n in s.shares for s in stages)]
    return tuple(Bucket(n, LENGTHS[n], max(1, tokens // LENGTHS[n] // (2 if n == "easy" else 1))) for n in names)


class Clock:
    """Share of the time used, and the stage and learning rate that belong to it."""

    def __init__(self, seconds: float, stages: tuple[Stage, ...], peak: float, hold: float, warm_up: int):
        self.warm_up = warm_up
        self.start, self.seconds, self.stages, self.peak, self.hold, self.number = time.time(), seconds, stages, peak, hold, 0

    @property
    def share(self) -> float:
        return (time.time() - self.start) / self.seconds

    def stage(self, accuracy: dict[str, float]) -> Stage:
        stage = self.stages[self.number]
        first = next(iter(stage.shares))
        if self.number + 1 < len(self.stages) and (self.share > stage.until or accuracy.get(first, 0) > stage.enough):
            self.number += 1
        return self.stages[self.number]

    def rate(self, step: int) -> float:
        """Warm-up by steps, the peak for the share `hold` of the time, then a cosine down to FLOOR of it."""
        left = min(1.0, max(0.0, (self.share - self.hold) / (1 - self.hold)))
        return self.peak * min(1.0, step / self.warm_up) * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * left)))


def optimizers_for(model: Scout, rate: float, fused: bool, muon: bool) -> list[torch.optim.Optimizer]:
    """AdamW; with `muon` the layers' matrices go to Muon, its updates scaled to AdamW's size (Liu et al. 2025, arXiv 2502.16982)."""
    inner = [p for p in model.layers.parameters() if p.dim() == 2] if muon else []
    taken = {id(p) for p in inner}
    decayed = [p for p in model.parameters() if p.dim() == 2 and id(p) not in taken]
    others = [p for p in model.parameters() if p.dim() < 2]
    found: list[torch.optim.Optimizer] = [
        torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
                          lr=rate, betas=(0.9, 0.98), eps=1e-8, fused=fused)]
    if inner:
        found.append(torch.optim.Muon(inner, lr=rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"))
    return found


def compile_layers() -> None:
    """Compiles what works row by row; attention stays outside, so one graph serves every length."""
    Layer.project = torch.compile(Layer.project, dynamic=False)
    Layer.finish = torch.compile(Layer.finish, dynamic=False)
    Scout.compare = torch.compile(Scout.compare, dynamic=False)


def train(model: Scout, feed: Feed, out: Path, clock: Clock, seed: int, muon: bool, log) -> dict:
    """Trains in place until the clock runs out; returns steps, tokens and seconds."""
    device, stages = next(model.parameters()).device, clock.stages
    cuda = device.type == "cuda"
    optimizers = optimizers_for(model, clock.peak, cuda, muon)
    rng, accuracy, losses, seen, step = random.Random(seed), {}, {}, 0, 0
    names, said, saved = {b.name for b in feed.buckets}, 0.0, 0.0
    spent: dict[str, list[float]] = {}
    while clock.share < 1:
        stage = clock.stage(accuracy)
        shares = {n: s for n, s in stage.shares.items() if n in names} or {feed.buckets[-1].name: 1.0}
        later = stages[min(clock.number + 1, len(stages) - 1)].shares
        feed.want(set(shares) | {n for n in later if n in names})
        name = rng.choices(list(shares), list(shares.values()))[0]
        begun = time.time()
        ids, weights = feed.take(name)
        waited = time.time() - begun
        ids = torch.from_numpy(ids.astype(np.int64)).to(device, non_blocking=True)
        weights = torch.from_numpy(weights[:, 1:].astype(np.float32) / 255).to(device, non_blocking=True)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = clock.rate(step)
        with torch.autocast("cuda", torch.bfloat16, enabled=cuda), sdpa_kernel(KERNELS, set_priority=True):
            loss, right = model.loss(ids, weights)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if step % READ_EVERY == 0 or name not in accuracy:
            accuracy[name] = 0.9 * accuracy.get(name, right.item()) + 0.1 * right.item()
            losses[name] = 0.9 * losses.get(name, loss.item()) + 0.1 * loss.item()
        kept = spent.setdefault(name, [0.0, 0.0, 0.0])
        kept[0], kept[1], kept[2] = kept[0] + 1, kept[1] + waited, kept[2] + time.time() - begun
        seen, step, now = seen + ids.shape[0] * (ids.shape[1] - 1), step + 1, time.time() - clock.start
        if now - said > 5:
            said = now
            log(f"{now:6.0f} s  step {step:6d}  stage {clock.number}  {seen / 1e6:7.1f} M tokens  lr {clock.rate(step):.1e}  reused {feed.reused}  "
                + "  ".join(f"{n} {losses[n]:.3f}/{accuracy[n]:.3f}" for n in LENGTHS if n in shares and n in losses))
        if now - saved > 60:
            saved = now
            save_weights(model, out / "model.safetensors")
    feed.close()
    save_weights(model, out / "model.safetensors")
    for n, (count, waited, whole) in spent.items():
        log(f"{n}: {int(count)} steps, {1000 * whole / count:.1f} ms each, of which waiting for data {1000 * waited / count:.1f}")
    return {"steps": step, "tokens": seen, "seconds": round(time.time() - clock.start)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=SHIPPED, help="holds tokenizer.json, and the weights to resume from")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--resume", action="store_true", help="start from the weights of --folder, with less of the short lengths")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--muon", action="store_true", help="Muon for the layers' matrices")
    parser.add_argument("--warm-up", type=int, default=200, help="steps until the peak is reached")
    parser.add_argument("--batch-tokens", type=int, default=65536)
    parser.add_argument("--longest", type=int, default=32768)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--evaluate", type=int, default=8, help="documents by split, task and length at the end; 0: none")
    parser.add_argument("--evaluate-lengths", type=int, nargs="*", default=[1024, 4096, 8192, 16384, 32768])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    journal = (options.out / "log.txt").open("a")

    def log(text: str) -> None:
        print(text, flush=True)
        journal.write(text + "\n")
        journal.flush()

    stages = RESUMED if options.resume else FROM_NOTHING
    feed = Feed(options.folder, f"train-{options.seed}{options.resume}", buckets_for(stages, options.batch_tokens, options.longest),
                options.workers)
    torch.manual_seed(options.seed)
    torch.set_float32_matmul_precision("high")
    cuda = torch.cuda.is_available()
    model = load_weights(options.folder) if options.resume else Scout(Shape())
    model.to("cuda" if cuda else "cpu")
    log(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {torch.cuda.get_device_name() if cuda else 'CPU'}")
    if cuda:
        compile_layers()
    clock = Clock(options.minutes * 60, stages, options.rate or (1.5e-3 if options.resume else 2e-3), 0.3 if options.resume else 0.4,
                  options.warm_up)
    summary = train(model, feed, options.out, clock, options.seed, options.muon, log)
    write_config(options.out, model.shape)
    log(json.dumps(summary))
    if options.evaluate:
        evaluate(model, options, summary, log)


def evaluate(model: Scout, options, summary: dict, log) -> None:
    """Prints and writes metrics.json; shortest lengths first."""
    from documents import TASKS
    from evaluate import printed, table
    from vocabulary import load
    torch.compiler.set_stance("force_eager")
    tokenizer, device, found = load(options.folder), next(model.parameters()).device.type, {"heldout": {}, "familiar": {}}
    for tokens in options.evaluate_lengths:
        for split, tables in found.items():
            part = table(model.eval(), tokenizer, split, [tokens], TASKS, options.evaluate, 4, 1, device)
            for task, by in part.items():
                tables.setdefault(task, {}).update(by)
        (options.out / "metrics.json").write_text(json.dumps({"training": summary, "accuracy": found}, indent=1))
        log(f"evaluated {tokens}")
    for split, tables in found.items():
        log(f"{split}\n{printed(tables, options.evaluate_lengths)}")


if __name__ == "__main__":
    main()
