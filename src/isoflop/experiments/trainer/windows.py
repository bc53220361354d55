"""Tokens of a corpus, cut into windows, and the order in which they are seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isoflop.errors import DataError, MissingExtraError, shown
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
    domains     where the tokens come from several corpora: the name of each -> its documents in `file`
    """

    training: NDArray[np.uint8] | NDArray[np.uint16]
    starts: Tokens
    validation: Tokens
    file: Tokens
    hash: str
    bytes_each: float
    width: int
    unique: int
    domains: Mapping[str, Tokens] = field(default_factory=dict)

    def batch(self, step: int, size: int) -> Tokens:
        """Return the windows of a step (from 0), (size, look-back + context + 1); the order begins anew at its end."""
        which = np.arange(step * size, (step + 1) * size) % len(self.starts)
        return self.training[self.starts[which, None] + np.arange(self.width)].astype(np.int64)


def cut_windows(config: Config) -> Windows:
    """Return the windows of a run's corpora; raises DataError if they do not last for its tokens."""
    suffixes = tuple(word.strip().lower() for word in config.suffixes.split(","))
    corpora = [read_corpus(name, suffixes=suffixes, held_out=config.validation_files) for name in config.mixture]
    training, validation = _tokenised(corpora, config)
    back = config.tables - 1
    width = back + config.context + 1
    streams = [_joined(texts, back) for texts in training]
    counts = [(len(stream) - 1 - back) // config.context for stream in streams]
    _refuse_too_few(config, counts)
    cut = [_validation(tokens, config, back) for tokens in chain(*validation)]
    owner = np.repeat(np.arange(len(corpora)), [len(texts) for texts in validation])
    size = sum(len(text) for corpus in corpora for text in corpus.training) / max(1, sum(map(len, chain(*training))))
    return Windows(
        training=np.concatenate(streams),  # type: ignore[arg-type]  # all streams are of one type
        starts=_order(config, counts, np.cumsum([0, *map(len, streams)])[:-1]),
        validation=np.concatenate(cut),
        file=np.repeat(np.arange(len(cut)), [len(part) for part in cut]),
        hash="-".join(corpus.hash for corpus in corpora),
        bytes_each=size,
        width=width,
        unique=sum(counts) * config.context,
        domains={_name(name): np.flatnonzero(owner == at) for at, name in enumerate(config.mixture)}
        if config.shares else {},
    )  # fmt: skip


def _name(corpus: str) -> str:
    """Return what a corpus is called in the records: of a folder, its last part."""
    return Path(corpus).name or corpus


def _refuse_too_few(config: Config, counts: Sequence[int]) -> None:
    for (name, share), count in zip(config.mixture.items(), counts, strict=True):
        asked, there = max(config.lengths) * share, count * config.context
        if asked > there and not config.repeat:
            raise DataError(
                f"{show(asked)} tokens are asked for, and the corpus {shown(name)} has {show(there)}. "
                "Say fewer, name a larger --corpus, or say --repeat to see tokens again."
            )


def _order(config: Config, counts: Sequence[int], begins: Tokens) -> Tokens:
    """Return where windows begin, in the order in which they are seen; each corpus in a random order of its own.

    The k-th window of a corpus of share s comes at time (k + 1/2) / s: at every moment the shares are as told, and
    more tokens go on with the same windows.
    """
    orders = [
        np.random.default_rng([config.order, 1 + at]).permutation(count) * config.context + begin
        for at, (count, begin) in enumerate(zip(counts, begins, strict=True))
    ]
    if not config.shares:
        return orders[0]
    total = max(config.lengths) // config.context + config.batch
    seen, times = [], []
    for own, share in zip(orders, config.mixture.values(), strict=True):
        if share > 0:
            turn = np.arange(math.ceil(total * share) + 1)
            seen.append(own[turn % len(own)])
            times.append((turn + 0.5) / share)
    return np.concatenate(seen)[np.argsort(np.concatenate(times), kind="stable")][:total]


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


def _tokenised(corpora: Sequence[Corpus], config: Config) -> tuple[list[list[Tokens]], list[list[Tokens]]]:
    """Return the tokens of each corpus's documents: for training, and for validation."""
    texts = [[corpus.training for corpus in corpora], [corpus.validation for corpus in corpora]]
    tokens = _bytes if config.vocabulary == 256 else _byte_pairs(chain(*texts[0]), config.vocabulary)
    training, validation = ([tokens(part) for part in parts] for parts in texts)
    return training, validation


def _bytes(texts: Sequence[bytes]) -> list[Tokens]:
    return [np.frombuffer(text, np.uint8).astype(np.int64) for text in texts]


def _byte_pairs(training: Iterable[bytes], vocabulary: int) -> Callable[[Sequence[bytes]], list[Tokens]]:
    """Return what gives texts as tokens of a byte-level BPE that was trained on the training documents."""
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ImportError:
        raise MissingExtraError("a vocabulary above 256 needs tokenizers. Type: pip install tokenizers") from None
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator((text.decode(errors="replace") for text in training), trainer)
    if (found := tokenizer.get_vocab_size()) != vocabulary:
        raise DataError(f"the corpus gives a vocabulary of {found} and no more. Say --vocabulary {found}.")

    def tokens(texts: Sequence[bytes]) -> list[Tokens]:
        encoded = tokenizer.encode_batch([text.decode(errors="replace") for text in texts])
        return [np.asarray(one.ids, np.int64) for one in encoded]

    return tokens
