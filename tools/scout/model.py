"""Scout's network: a plain Llama (grouped queries, rotary positions, SwiGLU, tied head) in PyTorch.

Shapes: B sequences of S tokens, N = B·S rows, H query heads, G key/value heads, D = head_dim, C = hidden.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from settings import Shape


class Norm(nn.Module):
    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps) * self.weight).type_as(x)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions, halves paired as in Hugging Face. x [N, heads, D], cos and sin [N, 1, D/2]."""
    a, b = x.float().chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).type_as(x)


class Layer(nn.Module):
    def __init__(self, s: Shape):
        super().__init__()
        self.shape = s
        self.input_layernorm, self.post_attention_layernorm = Norm(s.hidden, s.norm_eps), Norm(s.hidden, s.norm_eps)
        self.q_proj = nn.Linear(s.hidden, s.heads * s.head_dim, bias=False)
        self.k_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.v_proj = nn.Linear(s.hidden, s.kv_heads * s.head_dim, bias=False)
        self.o_proj = nn.Linear(s.heads * s.head_dim, s.hidden, bias=False)
        self.gate_proj = nn.Linear(s.hidden, s.intermediate, bias=False)
        self.up_proj = nn.Linear(s.hidden, s.intermediate, bias=False)
        self.down_proj = nn.Linear(s.intermediate, s.hidden, bias=False)

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [N, C] → q [N, H, D], k and v [N, G, D], rotated."""
        s, h = self.shape, self.input_layernorm(x)
        q = self.q_proj(h).view(-1, s.heads, s.head_dim)
        k = self.k_proj(h).view(-1, s.kv_heads, s.head_dim)
        v = self.v_proj(h).view(-1, s.kv_heads, s.head_dim)
        return rotate(q, cos, sin), rotate(k, cos, sin), v

    def finish(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Attention's output [N, H·D] and the feed-forward part, both added to x [N, C]."""
        x = x + self.o_proj(mixed)
        h = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(h)) * self.up_proj(h))


class Scout(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden, shape.norm_eps)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                deep = math.sqrt(2 * shape.layers) if name.endswith(("o_proj.weight", "down_proj.weight")) else 1.0
                nn.init.normal_(weight, std=0.02 * (1 if name.startswith("embed") else 2) / deep)

    def angles(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines [N, 1, D/2] in f32 for positions [N]."""
        d = self.shape.head_dim
        inverse = self.shape.rope_theta ** (-torch.arange(0, d, 2, device=positions.device, dtype=torch.float32) / d)
        turned = positions.float()[:, None, None] * inverse
        return turned.cos(), turned.sin()

    def split(self, x: Tensor, rows: int) -> Tensor:
        """[N, heads, D] → [B, heads, S, D]."""
        return x.view(rows, -1, x.shape[1], x.shape[2]).transpose(1, 2)

    def widen(self, x: Tensor) -> Tensor:
        """Each key/value head once for every query head of its group: [B, G, S, D] → [B, H, S, D]."""
        return x.repeat_interleave(self.shape.heads // self.shape.kv_heads, dim=1)

    def loss(self, ids: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted mean cross-entropy of the next token, and the share of fully weighted tokens that are right.

        ids [B, S + 1], weights [B, S] of the predicted tokens.
        """
        rows, length = ids.shape[0], ids.shape[1] - 1
        x = self.embed_tokens(ids[:, :-1].reshape(-1))
        cos, sin = self.angles(torch.arange(length, device=ids.device).repeat(rows))
        for layer in self.layers:
            q, k, v = layer.project(x, cos, sin)
            mixed = F.scaled_dot_product_attention(self.split(q, rows), self.split(k, rows), self.split(v, rows), is_causal=True,
                                                   enable_gqa=True)
            x = layer.finish(x, mixed.transpose(1, 2).reshape(rows * length, -1))
        return self.compare(x, ids[:, 1:].reshape(-1), weights.reshape(-1))

    def compare(self, x: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, C], targets and weights [N] → (loss, accuracy on the tokens of weight 1)."""
        logits = F.linear(self.norm(x), self.embed_tokens.weight).float()
        lost = F.cross_entropy(logits, targets, reduction="none")
        full = (weights > 0.99).float()
        right = (logits.argmax(-1) == targets).float()
        return (lost * weights).sum() / weights.sum(), (right * full).sum() / full.sum().clamp(min=1)

    @torch.no_grad()
    def read(self, ids: Tensor, past: list[tuple[Tensor, Tensor]] | None = None):
        """Logits [B, S, V] of ids [B, S] that follow `past`, and the keys and values [1, G, S, D] of every layer.

        With `past` (of one sequence) the B rows are alternatives that each continue it on their own.
        """
        rows, length = ids.shape
        start = past[0][0].shape[2] if past else 0
        x = self.embed_tokens(ids.reshape(-1))
        cos, sin = self.angles(torch.arange(start, start + length, device=ids.device).repeat(rows))
        mask, kept = None, []
        if past:
            mask = torch.ones(length, start + length, dtype=torch.bool, device=ids.device).tril(start)
        for number, layer in enumerate(self.layers):
            q, k, v = (self.split(t, rows) for t in layer.project(x, cos, sin))
            kept.append((k, v))
            if past:
                k = torch.cat((past[number][0].expand(rows, -1, -1, -1), k), dim=2)
                v = torch.cat((past[number][1].expand(rows, -1, -1, -1), v), dim=2)
            mixed = F.scaled_dot_product_attention(q, self.widen(k), self.widen(v), attn_mask=mask, is_causal=mask is None)
            x = layer.finish(x, mixed.transpose(1, 2).reshape(rows * length, -1))
            x = x.type_as(self.embed_tokens.weight)
        if past is None:
            return None, kept
        return F.linear(self.norm(x), self.embed_tokens.weight).view(rows, length, -1), kept
