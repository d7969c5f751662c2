"""Tiny models with random weights, made on the spot: the code that runs is real, its result means nothing."""

from pathlib import Path
from typing import Any

WORDS = ("lamp", "lens", "horn", "fog", "ship", "rock", "tower", "keeper", "sea", "wind", "storm", "light")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
POSITIONS = 64
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": POSITIONS,
}


def make_splade(folder: Path, torch: Any, transformers: Any) -> Path:
    """A masked language model of a few words in a folder."""
    torch.manual_seed(7)
    config = transformers.BertConfig(vocab_size=len(SPECIAL) + len(WORDS), **SIZES)
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    _tokenizer(transformers, SPECIAL).save_pretrained(folder)
    return folder


def make_bge_m3(folder: Path, torch: Any, transformers: Any) -> Path:
    """A model of XLM-RoBERTa's kind with the head that weighs tokens, in a folder."""
    torch.manual_seed(7)
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    config = transformers.XLMRobertaConfig(
        vocab_size=len(special) + len(WORDS), pad_token_id=1, bos_token_id=0, eos_token_id=2, **SIZES
    )
    transformers.XLMRobertaModel(config).save_pretrained(folder)
    torch.save(torch.nn.Linear(SIZES["hidden_size"], 1).state_dict(), folder / "sparse_linear.pt")
    _tokenizer(transformers, special).save_pretrained(folder)
    return folder


def _tokenizer(transformers: Any, special: tuple[str, ...]) -> Any:
    import tokenizers  # type: ignore[import-not-found]  # noqa: PLC0415 - comes with transformers

    vocabulary = {word: number for number, word in enumerate((*special, *WORDS))}
    unknown = next(word for word in special if "unk" in word.lower())
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token=unknown))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    names = {"pad": "pad_token", "unk": "unk_token", "mask": "mask_token"}
    named = {names[kind]: word for word in special for kind in names if kind in word.lower()}
    first, last = ("<s>", "</s>") if "<s>" in special else ("[CLS]", "[SEP]")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, cls_token=first, sep_token=last, eos_token=last, **named
    )
