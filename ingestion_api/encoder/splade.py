"""SPLADE: a masked language model weighs every word of its vocabulary for a text."""

from typing import Any

from ingestion_api.encoder.device import DeviceChoice, find_device
from ingestion_api.encoder.extras import missing_model, required_module
from ingestion_api.encoder.learned import LearnedEncoder, Model, positions_of

MODEL = "naver/splade-cocondenser-ensembledistil"
_LONGEST = 256
_ACTIVATIONS = 34  # numbers that a layer holds for each of a token's hidden ones, while it works


def load_splade(model: str = MODEL, choice: DeviceChoice | None = None) -> LearnedEncoder:
    """Load the model from this machine; raise EncoderUnavailable without it, its packages or the device."""
    torch = required_module("torch", "splade")
    transformers = required_module("transformers", "splade")
    device = find_device(torch, choice or DeviceChoice())
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)
        loaded = transformers.AutoModelForMaskedLM.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise missing_model(model, "splade", error) from error
    loaded = loaded.eval().to(device=device.name, dtype=device.dtype)
    config = loaded.config
    numbers = 2 * config.vocab_size + _ACTIVATIONS * config.hidden_size
    found = Model(
        weigh=lambda ids, mask: activations(torch, loaded(input_ids=ids, attention_mask=mask).logits, mask),
        longest=min(_LONGEST, positions_of(config)),
        bytes_per_token=numbers * device.dtype.itemsize,
        bytes_per_text=8 * config.vocab_size,
    )
    return LearnedEncoder(torch, tokenizer, found, device, model)


def activations(torch: Any, logits: Any, mask: Any) -> Any:
    """Return each word's largest log(1 + relu(logit)) over the positions of a text, in full precision.

    Shapes: (texts, positions, words), (texts, positions) -> (texts, words). Formal et al., "SPLADE v2"
    (2021), equation 6. The largest is taken first, as the rest keeps the order: on one word in place of all
    positions it costs nothing.
    """
    largest = logits.masked_fill_(mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)
    return torch.log1p(torch.relu(largest.float()))
