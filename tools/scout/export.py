"""Writes and reads the shipped folder: Hugging Face layout, weights in f16."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from model import Scout
from settings import BOS, BOS_ID, END, END_ID, PAD, PAD_ID, Shape

TEMPLATE = ("{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
            "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}")


def hf_name(name: str) -> str:
    """Hugging Face's name of one of our parameters."""
    for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
        name = name.replace(f".{part}.", f".self_attn.{part}.")
    for part in ("gate_proj", "up_proj", "down_proj"):
        name = name.replace(f".{part}.", f".mlp.{part}.")
    return f"model.{name}"


def save_weights(model: Scout, path: Path) -> None:
    weights = {hf_name(n): p.detach().to("cpu", torch.float16).contiguous() for n, p in model.named_parameters()}
    save_file(weights, str(path), metadata={"format": "pt"})


def load_weights(folder: Path) -> Scout:
    """The model of a folder in f32, in the shape that its config.json gives."""
    config = json.loads((folder / "config.json").read_text())
    model = Scout(Shape(vocab=config["vocab_size"], hidden=config["hidden_size"], intermediate=config["intermediate_size"],
                        layers=config["num_hidden_layers"], heads=config["num_attention_heads"],
                        kv_heads=config["num_key_value_heads"], head_dim=config["head_dim"], rope_theta=config["rope_theta"],
                        norm_eps=config["rms_norm_eps"], context=config["max_position_embeddings"]))
    found = load_file(str(folder / "model.safetensors"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(found[hf_name(name)].float())
    return model


def write_config(folder: Path, s: Shape) -> None:
    """Everything but weights and tokenizer.json."""
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": s.vocab, "hidden_size": s.hidden,
        "intermediate_size": s.intermediate, "num_hidden_layers": s.layers, "num_attention_heads": s.heads,
        "num_key_value_heads": s.kv_heads, "head_dim": s.head_dim, "hidden_act": "silu", "rms_norm_eps": s.norm_eps,
        "rope_theta": s.rope_theta, "max_position_embeddings": s.context, "tie_word_embeddings": True,
        "attention_bias": False, "mlp_bias": False, "bos_token_id": BOS_ID, "eos_token_id": END_ID, "pad_token_id": PAD_ID,
        "torch_dtype": "float16",
    }
    generation = {"bos_token_id": BOS_ID, "eos_token_id": [END_ID], "pad_token_id": PAD_ID, "do_sample": False,
                  "max_new_tokens": 1024}
    tokenizer = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": END, "pad_token": PAD,
                 "add_bos_token": False, "add_prefix_space": False, "clean_up_tokenization_spaces": False,
                 "model_max_length": s.context, "chat_template": TEMPLATE}
    for name, content in (("config.json", config), ("generation_config.json", generation), ("tokenizer_config.json", tokenizer)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
