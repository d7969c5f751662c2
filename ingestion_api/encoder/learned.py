"""What the learned encoders share: texts to tokens, batches to the device, sparse results back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion_api.encoder.batches import OutOfMemory, Tokens, encode_in_batches
from ingestion_api.encoder.device import Device
from ingestion_api.encoder.protocol import EncoderOutOfMemory, Vector

MIN_WEIGHT = 5e-5  # a smaller weight would be stored as 0
CHARACTERS_PER_TOKEN = (
    40  # read for one token at most; a text that has no spaces would be tokenized in whole else
)


@dataclass(frozen=True)
class NeuralModel:
    """A loaded model: `weigh` gives the weights of its vocabulary, (texts, positions) -> (texts, words)."""

    weigh: Callable[[Any, Any], Any]
    longest: int
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
        room = self.model.longest - 2
        found: list[Tokens] = self.tokenizer(
            [text[: room * CHARACTERS_PER_TOKEN] for text in texts],
            add_special_tokens=False,
            truncation=True,
            max_length=room,
            return_attention_mask=False,
        )["input_ids"]
        return found

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


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory ran out: a card, or torch's own allocator on the CPU, says so in words."""
    if isinstance(error, MemoryError):
        return True
    said = str(error).lower()
    return "out of memory" in said or "can't allocate memory" in said or "cannot allocate memory" in said


def max_positions(config: Any) -> int:
    """Return how many tokens a model has positions for; RoBERTa's begin after the one of the padding."""
    taken = config.pad_token_id + 1 if "roberta" in config.model_type else 0
    return int(config.max_position_embeddings) - taken
