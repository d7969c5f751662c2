"""The neural encoders SPLADE and BGE-M3: a local model weighs the words of its own vocabulary."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion_api.encoder.base import EncoderOutOfMemory, EncoderUnavailable, Vector
from ingestion_api.encoder.device import (
    Device,
    DeviceSettings,
    OutOfMemory,
    Tokens,
    encode_in_batches,
    find_device,
)

SPLADE = "naver/splade-cocondenser-ensembledistil"
BGE_M3 = "BAAI/bge-m3"
MIN_WEIGHT = 5e-5  # a smaller weight would be stored as 0
CHARACTERS_PER_TOKEN = 40  # read at most; a text without spaces would be tokenized in whole otherwise
_SPLADE_TOKENS = 256
_BGE_M3_TOKENS = 8192
_BGE_M3_HEAD = "sparse_linear.pt"
_ACTIVATIONS = 34  # numbers that a layer holds for each hidden one of a token while it works


@dataclass(frozen=True)
class NeuralModel:
    """A loaded model: `weigh` gives the weights of its vocabulary, (texts, positions) -> (texts, words)."""

    weigh: Callable[[Any, Any], Any]
    max_tokens: int
    bytes_per_token: int
    bytes_per_text: int


@dataclass(frozen=True)
class NeuralEncoder:
    """An encoder whose tokens are those of its model's own vocabulary."""

    torch: Any
    tokenizer: Any
    model: NeuralModel
    device: Device
    name: str

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Return the weights of the vocabulary's words for each text; EncoderOutOfMemory without room."""
        if not texts:
            return []
        try:
            return encode_in_batches(self._tokens(texts), self.device.memory, self._cost, self._run)
        except OutOfMemory as error:
            raise EncoderOutOfMemory(f"{self.device.name} is out of memory: {error}") from error

    def encode_query(self, text: str) -> Vector:
        """Return a query's weights: the model treats queries like texts."""
        return self.encode([text])[0]

    def _tokens(self, texts: Sequence[str]) -> list[Tokens]:
        room = self.model.max_tokens - 2
        tokens: list[Tokens] = self.tokenizer(
            [text[: room * CHARACTERS_PER_TOKEN] for text in texts],
            add_special_tokens=False,
            truncation=True,
            max_length=room,
            return_attention_mask=False,
        )["input_ids"]
        return tokens

    def _cost(self, texts: int, longest: int) -> int:
        return texts * ((longest + 2) * self.model.bytes_per_token + self.model.bytes_per_text)

    def _run(self, batch: list[Tokens]) -> list[Vector]:
        try:
            return self._weights(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # not in the handler, where the error still holds the tensors
        if self.device.name.startswith("cuda"):
            self.torch.cuda.empty_cache()
        raise OutOfMemory(f"a batch of {len(batch)} texts does not fit")

    def _weights(self, batch: list[Tokens]) -> list[Vector]:
        ids, mask = (each.to(self.device.name) for each in self._padded(batch))
        with self.torch.inference_mode():
            weights = self.model.weigh(ids, mask)
            # the weights of all words stay on the device; only those that count are copied
            places = (weights > MIN_WEIGHT).nonzero(as_tuple=True)
            rows, words, values = (each.tolist() for each in (*places, weights[places]))
        vectors: list[Vector] = [{} for _ in batch]
        for row, word, value in zip(rows, words, values, strict=True):
            vectors[row][word] = round(value, 4)
        return vectors

    def _padded(self, batch: list[Tokens]) -> tuple[Any, Any]:
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        texts = [[first, *tokens, last] for tokens in batch]
        width = max(map(len, texts))
        padding = self.tokenizer.pad_token_id
        ids = [[*text, *[padding] * (width - len(text))] for text in texts]
        mask = [[1] * len(text) + [0] * (width - len(text)) for text in texts]
        return self.torch.tensor(ids), self.torch.tensor(mask)


@dataclass(frozen=True)
class _Loader:
    """The packages, the device and the name of a model that is loaded from this machine only."""

    encoder: str
    model: str
    torch: Any
    transformers: Any
    device: Device

    @classmethod
    def of(cls, encoder: str, model: str, settings: DeviceSettings | None) -> "_Loader":
        """Import the packages and find the device; EncoderUnavailable without one of them."""
        torch, transformers = (import_extra(name, encoder) for name in ("torch", "transformers"))
        return cls(encoder, model, torch, transformers, find_device(torch, settings or DeviceSettings()))

    def load(self, kind: str, head: str | None = None) -> tuple[Any, Any, Any]:
        """Return the tokenizer, the model of this kind on its device, the weights in the file `head`.

        Raises EncoderUnavailable for a model that is not on this machine.
        """
        hub, weights = self.transformers, None
        try:
            tokenizer = hub.AutoTokenizer.from_pretrained(self.model, local_files_only=True)
            module = getattr(hub, kind).from_pretrained(self.model, local_files_only=True)
            if head is not None:
                file = hub.utils.cached_file(self.model, head, local_files_only=True)
                weights = self.torch.load(file, map_location="cpu", weights_only=True)
        except (OSError, ValueError) as error:
            raise model_not_found(self.model, self.encoder, error) from error
        return tokenizer, self.to_device(module), weights

    def to_device(self, module: Any) -> Any:
        """Move a module to the device, in its precision."""
        return module.eval().to(device=self.device.name, dtype=self.device.dtype)

    def make_encoder(
        self, tokenizer: Any, config: Any, max_tokens: int, numbers: int, weigh: Callable[[Any, Any], Any]
    ) -> NeuralEncoder:
        """Return the encoder; `numbers` is how many of them a token takes while the model works."""
        model = NeuralModel(
            weigh=weigh,
            max_tokens=min(max_tokens, max_positions(config)),
            bytes_per_token=numbers * self.device.dtype.itemsize,
            bytes_per_text=8 * config.vocab_size,
        )
        return NeuralEncoder(self.torch, tokenizer, model, self.device, self.model)


def load_splade(model: str = SPLADE, settings: DeviceSettings | None = None) -> NeuralEncoder:
    """Load SPLADE from this machine; EncoderUnavailable without it, its packages or the device."""
    loader = _Loader.of("splade", model, settings)
    tokenizer, module, _ = loader.load("AutoModelForMaskedLM")

    def weigh(ids: Any, mask: Any) -> Any:
        return splade_weights(loader.torch, module(input_ids=ids, attention_mask=mask).logits, mask)

    numbers = 2 * module.config.vocab_size + _ACTIVATIONS * module.config.hidden_size
    return loader.make_encoder(tokenizer, module.config, _SPLADE_TOKENS, numbers, weigh)


def load_bge_m3(model: str = BGE_M3, settings: DeviceSettings | None = None) -> NeuralEncoder:
    """Load BGE-M3 from this machine; EncoderUnavailable without it, its packages or the device."""
    loader = _Loader.of("bge-m3", model, settings)
    tokenizer, module, weights = loader.load("AutoModel", _BGE_M3_HEAD)
    torch, config = loader.torch, module.config
    linear = torch.nn.Linear(config.hidden_size, 1)
    linear.load_state_dict(weights)
    head, special = loader.to_device(linear), _special_tokens(torch, tokenizer, loader.device)

    def weigh(ids: Any, mask: Any) -> Any:
        hidden = module(input_ids=ids, attention_mask=mask).last_hidden_state
        scores = torch.relu(head(hidden)).squeeze(-1)
        scores = scores.masked_fill((mask == 0) | torch.isin(ids, special), 0.0)
        return lexical_weights(torch, ids, scores, config.vocab_size)

    return loader.make_encoder(tokenizer, config, _BGE_M3_TOKENS, _ACTIVATIONS * config.hidden_size, weigh)


def splade_weights(torch: Any, logits: Any, mask: Any) -> Any:
    """Return each word's largest log(1 + relu(logit)) over the positions of a text, in full precision.

    Shapes: (texts, positions, words), (texts, positions) -> (texts, words). Formal et al., "SPLADE v2"
    (2021), equation 6. The largest is taken first, as the rest keeps the order: on one word in place of all
    positions it costs nothing.
    """
    largest = logits.masked_fill_(mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)
    return torch.log1p(torch.relu(largest.float()))


def lexical_weights(torch: Any, ids: Any, weights: Any, words: int) -> Any:
    """Return each word's largest weight over the positions that hold it, in full precision.

    Shapes: (texts, positions), (texts, positions) -> (texts, words).
    """
    largest = torch.zeros(ids.shape[0], words, device=ids.device)
    return largest.scatter_reduce_(1, ids, weights.float(), "amax")


def _special_tokens(torch: Any, tokenizer: Any, device: Device) -> Any:
    # the model's own code leaves these out: they stand for no word
    names = ("cls_token_id", "eos_token_id", "pad_token_id", "unk_token_id")
    ids = {getattr(tokenizer, name) for name in names} - {None}
    return torch.tensor(sorted(ids), device=device.name)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out: a card, or torch's own allocator on the CPU, reports it in words."""
    if isinstance(error, MemoryError):
        return True
    message = str(error).lower()
    return any(
        words in message for words in ("out of memory", "can't allocate memory", "cannot allocate memory")
    )


def max_positions(config: Any) -> int:
    """Return how many tokens a model has positions for; RoBERTa's begin after the one of the padding."""
    taken = config.pad_token_id + 1 if "roberta" in config.model_type else 0
    return int(config.max_position_embeddings) - taken


def import_extra(module: str, encoder: str) -> Any:
    """Import a package of an extra; EncoderUnavailable when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = error.name or module
        raise EncoderUnavailable(
            f"encoder {encoder!r} needs the package {missing}, which is not installed; "
            f"install watchroom[{encoder}]"
        ) from error


def model_not_found(model: str, encoder: str, error: Exception) -> EncoderUnavailable:
    """Return the error for a model that is not on this machine."""
    return EncoderUnavailable(
        f"encoder {encoder!r} needs the model {model}, which is not on this machine "
        f"({type(error).__name__}); fetch it once while online"
    )
