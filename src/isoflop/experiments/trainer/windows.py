"""Tokens of a corpus, cut into windows, and the order in which they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import DataError, MissingExtraError
from isoflop.experiments.trainer.corpus import Corpus, read_corpus
from isoflop.quantities import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isoflop.experiments.trainer.config import Config

    Tokens = NDArray[np.int64]

BETWEEN = 0
"""The byte that stands between documents, and before the first."""


@dataclass(frozen=True)
class Windows:
    """Windows of context + 1 tokens, each with the tokens before it that the embedding looks back at.

    training    the tokens of all documents, one after another
    starts      where the windows of the training tokens begin, in the order in which they are seen
    validation  (windows, look-back + context + 1)
    file        which document each of them is from
    hash        of the corpus
    bytes_each  bytes of text in a token, on average: 1 for bytes
    """

    training: NDArray[np.uint8] | NDArray[np.uint16]
    starts: Tokens
    validation: Tokens
    file: Tokens
    hash: str
    bytes_each: float
    width: int

    def batch(self, step: int, size: int) -> Tokens:
        """Return the windows of a step (from 0), (size, look-back + context + 1); the order begins anew at its end."""
        which = np.arange(step * size, (step + 1) * size) % len(self.starts)
        return self.training[self.starts[which, None] + np.arange(self.width)].astype(np.int64)


def cut_windows(config: Config) -> Windows:
    """Return the windows of a run's corpus; raises DataError if they do not last for its tokens."""
    suffixes = tuple(word.strip().lower() for word in config.suffixes.split(","))
    corpus = read_corpus(config.corpus, suffixes=suffixes, held_out=config.validation_files)
    training, validation = _tokenised(corpus, config)
    back = config.tables - 1
    width = back + config.context + 1
    stream = _joined(training, back)
    count = (len(stream) - 1 - back) // config.context
    if max(config.lengths) > count * config.context and not config.repeat:
        raise DataError(
            f"{show(max(config.lengths))} tokens are asked for, and the corpus has {show(count * config.context)}. "
            "Say fewer, name a larger --corpus, or say --repeat to see tokens again."
        )
    order = np.random.default_rng([config.order, 1]).permutation(count)
    cut = [_validation(tokens, config, back) for tokens in validation]
    file = np.repeat(np.arange(len(cut)), [len(part) for part in cut])
    size = sum(map(len, corpus.training)) / max(1, sum(map(len, training)))
    return Windows(stream, order * config.context, np.concatenate(cut), file, corpus.hash, size, width)


def _joined(documents: Sequence[Tokens], back: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    parts = [np.full(max(1, back), BETWEEN)]
    for tokens in documents:
        parts += [tokens, np.full(1, BETWEEN)]
    joined = np.concatenate(parts)
    return joined.astype(np.uint8) if joined.max() < 256 else joined.astype(np.uint16)


def _validation(tokens: Tokens, config: Config, back: int) -> Tokens:
    """Return windows of one document for validation, evenly over all of it, up to the cap; (windows, width)."""
    width = back + config.context + 1
    filled = max(0, config.context + 1 - len(tokens))  # shorter than a window: the filling counts for all models alike
    padded = np.concatenate([np.full(back + 1, BETWEEN), tokens, np.full(filled, BETWEEN)])
    there = (len(padded) - back - 1) // config.context
    kept = min(there, max(1, config.validation_cap // config.context))
    starts = np.linspace(0, there - 1, kept).astype(np.int64) * config.context
    return np.asarray(padded[starts[:, None] + np.arange(width)])


def _tokenised(corpus: Corpus, config: Config) -> tuple[list[Tokens], list[Tokens]]:
    if config.vocabulary == 256:
        training, validation = (
            [np.frombuffer(text, np.uint8).astype(np.int64) for text in texts]
            for texts in (corpus.training, corpus.validation)
        )
        return training, validation
    return _byte_pairs(corpus, config.vocabulary)


def _byte_pairs(corpus: Corpus, vocabulary: int) -> tuple[list[Tokens], list[Tokens]]:
    """Return the tokens of a byte-level BPE that was trained on the training documents."""
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise MissingExtraError("a vocabulary above 256 needs tokenizers. Type: pip install tokenizers") from None
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    texts = [[text.decode(errors="replace") for text in part] for part in (corpus.training, corpus.validation)]
    tokenizer.train_from_iterator(texts[0], trainer)
    if (found := tokenizer.get_vocab_size()) != vocabulary:
        raise DataError(f"the corpus gives a vocabulary of {found} and no more. Say --vocabulary {found}.")
    training, validation = ([np.asarray(one.ids, np.int64) for one in tokenizer.encode_batch(part)] for part in texts)
    return training, validation
