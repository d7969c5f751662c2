"""BGE-M3: the lexical weights of a multilingual model."""

from collections.abc import Callable
from typing import Any

from ingestion_api.encoder.device import Device, DeviceSettings, find_device
from ingestion_api.encoder.extras import import_extra, model_not_found
from ingestion_api.encoder.learned import NeuralEncoder, NeuralModel, max_positions

MODEL = "BAAI/bge-m3"
_MAX_TOKENS = 8192
_HEAD = "sparse_linear.pt"
_ACTIVATIONS = 34  # numbers that a layer holds for each of a token's hidden ones, while it works


def load_bge_m3(model: str = MODEL, choice: DeviceSettings | None = None) -> NeuralEncoder:
    """Load the model from this machine; raise EncoderUnavailable without it, its packages or the device."""
    torch = import_extra("torch", "bge-m3")
    transformers = import_extra("transformers", "bge-m3")
    device = find_device(torch, choice or DeviceSettings())
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)
        loaded = transformers.AutoModel.from_pretrained(model, local_files_only=True)
        file = transformers.utils.cached_file(model, _HEAD, local_files_only=True)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, ValueError) as error:
        raise model_not_found(model, "bge-m3", error) from error
    config = loaded.config
    head = torch.nn.Linear(config.hidden_size, 1)
    head.load_state_dict(weights)
    unweighed = _special_tokens(torch, tokenizer, device)
    found = NeuralModel(
        weigh=_weigh_function(torch, _to_device(loaded, device), _to_device(head, device), unweighed),
        longest=min(_MAX_TOKENS, max_positions(config)),
        bytes_per_token=_ACTIVATIONS * config.hidden_size * device.dtype.itemsize,
        bytes_per_text=8 * config.vocab_size,
    )
    return NeuralEncoder(torch, tokenizer, found, device, model)


def lexical_weights(torch: Any, ids: Any, weights: Any, words: int) -> Any:
    """Return each word's largest weight over the positions that hold it, in full precision.

    Shapes: (texts, positions), (texts, positions) -> (texts, words).
    """
    found = torch.zeros(ids.shape[0], words, device=ids.device)
    return found.scatter_reduce_(1, ids, weights.float(), "amax")


def _weigh_function(torch: Any, model: Any, head: Any, unweighed: Any) -> Callable[[Any, Any], Any]:
    def weigh(ids: Any, mask: Any) -> Any:
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = torch.relu(head(hidden)).squeeze(-1)
        weights = weights.masked_fill((mask == 0) | torch.isin(ids, unweighed), 0.0)
        return lexical_weights(torch, ids, weights, model.config.vocab_size)

    return weigh


def _special_tokens(torch: Any, tokenizer: Any, device: Device) -> Any:
    # the model's own code leaves these out: they stand for no word
    names = ("cls_token_id", "eos_token_id", "pad_token_id", "unk_token_id")
    found = {getattr(tokenizer, name) for name in names} - {None}
    return torch.tensor(sorted(found), device=device.name)


def _to_device(module: Any, device: Device) -> Any:
    return module.eval().to(device=device.name, dtype=device.dtype)
