"""Sizes, special tokens and folders shared by every Scout script."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "public" / "models" / "scout"
TEXTS = ROOT.parent / "shared" / "texts"

BOS, END, SYSTEM, USER, ASSISTANT, PAD = SPECIALS = (
    "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|pad|>")
BOS_ID, END_ID, SYSTEM_ID, USER_ID, ASSISTANT_ID, PAD_ID = range(6)


@dataclass(frozen=True)
class Shape:
    """Dimensions of the Llama; every width is a multiple of 32."""
    vocab: int = 2048
    hidden: int = 256
    intermediate: int = 512
    layers: int = 8
    heads: int = 8
    kv_heads: int = 4
    head_dim: int = 32
    rope_theta: float = 500_000.0
    norm_eps: float = 1e-5
    context: int = 32_768
