"""SPLADE: a masked language model weighs every word of its vocabulary for a text."""

from typing import Any

from ingestion_api.encoder.device import DeviceSettings, find_device
from ingestion_api.encoder.extras import import_extra, model_not_found
from ingestion_api.encoder.learned import NeuralEncoder, NeuralModel, max_positions

MODEL = "naver/splade-cocondenser-ensembledistil"
_MAX_TOKENS = 256
_ACTIVATIONS = 34  # numbers that a layer holds for each of a token's hidden ones, while it works


def load_splade(model: str = MODEL, choice: DeviceSettings | None = None) -> NeuralEncoder:
    """Load the model from this machine; raise EncoderUnavailable without it, its packages or the device."""
    torch = import_extra("torch", "splade")
    transformers = import_extra("transformers", "splade")
    device = find_device(torch, choice or DeviceSettings())
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)
        loaded = transformers.AutoModelForMaskedLM.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise model_not_found(model, "splade", error) from error
    loaded = loaded.eval().to(device=device.name, dtype=device.dtype)
    config = loaded.config
    numbers = 2 * config.vocab_size + _ACTIVATIONS * config.hidden_size
    found = NeuralModel(
        weigh=lambda ids, mask: splade_weights(
            torch, loaded(input_ids=ids, attention_mask=mask).logits, mask
        ),
        longest=min(_MAX_TOKENS, max_positions(config)),
        bytes_per_token=numbers * device.dtype.itemsize,
        bytes_per_text=8 * config.vocab_size,
    )
    return NeuralEncoder(torch, tokenizer, found, device, model)


def splade_weights(torch: Any, logits: Any, mask: Any) -> Any:
    """Return each word's largest log(1 + relu(logit)) over the positions of a text, in full precision.

    Shapes: (texts, positions, words), (texts, positions) -> (texts, words). Formal et al., "SPLADE v2"
    (2021), equation 6. The largest is taken first, as the rest keeps the order: on one word in place of all
    positions it costs nothing.
    """
    largest = logits.masked_fill_(mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)
    return torch.log1p(torch.relu(largest.float()))
