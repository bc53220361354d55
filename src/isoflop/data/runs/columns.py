"""Which column of a table, or key of a log, is which letter: canonical names, their aliases, the user's own mapping.

The rules, in order:

1. What the user says wins: `--N "Model Size"`, also worked out: `--D 'step*65536'`, `--N 'wte+blocks'`, `--N 125M`.
   A column it displaces (the file has an `N` of its own) stays, under the name `N (file)`.
2. A column with exactly the canonical name is taken: `N`, `D`, `C`, `U`, `S`, `B`, `loss`.
3. Otherwise a column with an alias, whatever its case, spaces, dashes and underscores: `n_params`,
   "Training FLOP", `val-loss`, `val/loss`. A unit in its name counts: "params (M)", `tokens_billions`.
4. Otherwise one with an alias after the last / or dot: `model.n_params`; for the loss, one that ends in "loss".
   Two columns for one letter by the same rule are refused, by name.
5. A single letter counts only in its own case: `n` may be a sample count, `d` a width.
6. A training loss is never taken for the loss unless asked for, and a perplexity never at all.
7. Every other column keeps its own name.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from isoflop.data.runs.cells import is_number
from isoflop.data.runs.expressions import Expression, UnknownKeyError, only_key, parse_expression
from isoflop.data.runs.units import Unit, split_unit
from isoflop.errors import DataError, shown
from isoflop.quantities import PF_DAY

LETTERS = MappingProxyType(
    {
        "N": "parameters",
        "D": "training tokens",
        "C": "training FLOPs",
        "U": "unique tokens",
        "S": "optimiser steps",
        "B": "tokens per batch",
        "loss": "loss",
    }
)
"""The canonical columns and what they count; always numbers, in base units."""

# In normal form: lower case, without spaces, dashes and underscores.
_ALIASES = {
    "N": """params parameters nparams nparameters numparams numparameters paramcount parametercount #params
        modelsize modelparams modelparameters totalparams totalparameters paramstotal parameterstotal paramsnoembed
        paramsnoembedding paramsnonembedding nonembeddingparams nonembeddingparameters
        nonembedparams numberofparameters""",
    "D": """tokens ntokens numtokens tokencount trainingtokens traintokens totaltokens tokensseen #tokens
        trainedtokens tokenstrained seentokens tokensconsumed consumedtokens consumedtraintokens pretrainingtokens
        numinputtokensseen inputtokensseen numtokensseen totaltokensseen numberoftokens
        pretrainingdatasize trainingdatasize""",
    "C": """flops flop compute trainingflops trainingflop trainflops trainflop totalflops nflops #flops
        trainingcompute traincompute totalcompute totalflos""",
    "U": "uniquetokens nuniquetokens numuniquetokens uniquetrainingtokens",
    "S": "steps nsteps numsteps trainsteps trainingsteps totalsteps numiterations",
    "B": "batchtokens batchsizetokens tokensperbatch batchsizeintokens tokensperstep totalbatchsizetokens",
    "loss": """loss valloss validationloss evalloss evaluationloss finalloss testloss finalvalloss
        finalevalloss heldoutloss validloss devloss""",
}
_WEAK = {
    "C": "flopsbudget flopbudget budget budgetflops computebudget trainingbudget isoflop isoflops isoflopbudget",
    "D": """samplesseen seensamples imagesseen examplesseen pairsseen numsamplesseen imagetextpairsseen
        trainingsamplesseen images nimages numimages trainimages trainingimages frames trainingframes trainingexamples
        trainexamples trainingsamples trainsamples""",
}
"""Names of what was planned, or of data that are no tokens: taken where no column says better."""
_LETTER_OF = {alias: letter for letter, aliases in _ALIASES.items() for alias in aliases.split()}
_WEAK_LETTER_OF = {alias: letter for letter, aliases in _WEAK.items() for alias in aliases.split()}
_PF_DAYS = Unit("PF-days", PF_DAY)
_IN_PF_DAYS = frozenset({"pfdays", "pfday", "petaflopdays", "petaflopsdays", "pflopdays"})
_PERPLEXITY = frozenset(
    f"{prefix}{word}"
    for prefix in ("", "val", "validation", "eval", "test", "final", "train")
    for word in ("ppl", "perplexity")
)
_RATES = frozenset({"flops", "flop", "compute", "steps"})
"""Words that in a key such as perf/flops count something a second; alone they stand for a letter."""
_TRAINING = frozenset({"train", "training", "tr", "batch", "step", "microbatch"})
_OTHER_LOSSES = frozenset([
    "aux", "auxiliary", "balance", "balancing", "z", "router", "routing", "moe", "reg", "regularization",
    "regularisation", "kl", "l1", "l2", "mtp", "distill", "distillation", "grad", "gradient", "scale", "smooth",
    "smoothed", "min", "minimum", "max", "maximum", "best", "lowest", "running", "delta", "excess", "published",
    "policy", "value", "scaled", "baseline", "predicted", "target", "std", "stderr", "sem", "err", "error",
])  # fmt: skip
"""Words that make of a loss another quantity, or one that is not the last evaluation's."""
_HELD_OUT = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "heldout", "dev"})
_LOSS_WORDS = frozenset({"loss", "nll", "xent", "crossentropy", "celoss", "lmloss"})
_PER_BYTE = frozenset({"bpb", "bitsperbyte"})
TOKENS = "tokens"
"""What D counts unless the name of its column says otherwise."""
_NO_TOKENS = re.compile(r"(image|frame|sample|example|pair|patche|molecule|cell|game)s?")
NAMED = 4
"""So many names are listed where several could be one letter."""


@dataclass(frozen=True)
class Meaning:
    """The letter that a name stands for, by which rule (0 counts most), and the unit that it states."""

    letter: str
    rule: int
    unit: Unit | None = None


@dataclass(frozen=True)
class Origin:
    """Where a column comes from: an expression of the source's own columns, and the unit its name states."""

    expression: Expression
    unit: Unit | None = None

    @property
    def factor(self) -> float:
        """How many base units one of the source's is."""
        return 1.0 if self.unit is None else self.unit.factor

    @property
    def text(self) -> str:
        """The expression, as one would type it, with its unit."""
        return with_unit(self.expression.text, self.unit)


def counted_by(name: str) -> str | None:
    """Return what a column of data counts, by its name, where that is no tokens: "images"; None for anything else."""
    found = _NO_TOKENS.search(normal(name))
    return None if found is None else f"{found[1]}s"


def with_unit(key: str, unit: Unit | None) -> str:
    """Return a key with what its unit makes of it: "params (M) × 1e6"."""
    return (
        key if unit is None or unit.factor == 1 else f"{key} × {unit.factor:.4g}".replace("e+", "e").replace("e0", "e")
    )


def assign(
    names: Sequence[str], mapping: Mapping[str, str], source: str, *, texts: Collection[str] = ()
) -> dict[str, Origin]:
    """Return, for each column that the runs will have, where it comes from.

    texts  columns of words, which are no letter whatever they are called

    Raises DataError for duplicate names, an unknown column in the mapping, two candidates for one
    letter, a perplexity in the place of the loss, and a table on its side.
    """
    _refuse_duplicates(names, source)
    if len(names) > 2 and not mapping and all(map(is_number, names[1:])):
        raise DataError(
            f'{source}: has numbers after "{shown(names[0])}" where column names should be. '
            "Write one run a row, below names such as N,D,loss."
        )
    chosen = {name: _mapped(name, typed, names=names, source=source) for name, typed in mapping.items()}
    taken = {origin.expression.key for origin in chosen.values()}
    means = {name: meaning(name) for name in names if name not in taken and (name in LETTERS or name not in texts)}
    doubts: list[str] = []
    for letter in (letter for letter in LETTERS if letter not in mapping):
        try:
            found = pick(letter, means, source)
        except DataError as several:
            doubts.append(str(several).removeprefix(f"{source}: "))
            continue
        if found is not None:
            unit = means[found]
            chosen[letter] = Origin(only_key(found), None if unit is None else unit.unit)
    if doubts:
        raise DataError(f"{source}: {' '.join(doubts)}")
    _refuse_perplexity(names, chosen, source)
    return _in_file_order(names, chosen)


def meaning(name: str) -> Meaning | None:
    """Return what a name stands for by itself; None for nothing."""
    if name in LETTERS:
        return Meaning(name, 0)
    if is_perplexity(name):
        return None
    plain = re.sub(r"[/.:]", "_", name)
    for rule, text in ((1, plain), (2, re.split(r"[/.]", name)[-1])):
        if rule == 2 and text == name:
            break
        found = _by_alias(text, rule)
        if found is not None and not (rule == 2 and (found.letter == "loss" or normal(text) in _RATES)):
            return found
    return _loosely_loss(name)


def letter_of(name: str) -> str | None:
    """Return the letter a column name stands for, or None."""
    found = meaning(name)
    return None if found is None or found.rule > 2 else found.letter


def _by_alias(text: str, rule: int) -> Meaning | None:
    whole = normal(text)
    if letter := _LETTER_OF.get(whole) if len(text) > 1 else None:
        return Meaning(letter, rule)
    if whole in _IN_PF_DAYS:
        return Meaning("C", rule, _PF_DAYS)
    if letter := _WEAK_LETTER_OF.get(whole):
        return Meaning(letter, 2)
    if split := split_unit(text, _alias):
        return Meaning(split[0], rule, split[1])
    return None


def _alias(stem: str) -> str | None:
    if stem in LETTERS:
        return stem
    whole = normal(stem)
    return (_LETTER_OF.get(whole) or _WEAK_LETTER_OF.get(whole)) if len(stem) > 1 else None


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())


def _loosely_loss(name: str) -> Meaning | None:
    """Return rule 3 for a held-out loss of any name, 4 for another, 5 for bits per byte; None for the training's."""
    words = _words(name)
    said = {*words, *(first + second for first, second in itertools.pairwise(words))}
    if said & _TRAINING or said & _OTHER_LOSSES:
        return None
    held_out = bool(said & _HELD_OUT)
    if words[-1:] and ({words[-1], "".join(words[-2:])} & _LOSS_WORDS or (held_out and said & _LOSS_WORDS)):
        return Meaning("loss", 3 if held_out else 4)
    return Meaning("loss", 5) if said & _PER_BYTE else None


def is_loss(name: str) -> bool:
    """Return whether a name is that of one loss of several: loss_web, wiki/loss, val_bpb; not loss_error or train_loss.

    >>> [name for name in ("loss_code", "loss_error", "train_loss", "lossless") if is_loss(name)]
    ['loss_code']
    """
    words = _words(name)
    said = {*words, *(first + second for first, second in itertools.pairwise(words))}
    return not said & (_TRAINING | _OTHER_LOSSES) and bool(said & (_LOSS_WORDS | _PER_BYTE))


def is_held_out(name: str) -> bool:
    """Return whether a name says that what it measures was held out: val_loss, eval/c4/loss, testLoss."""
    return any(word.startswith(("val", "eval", "test", "heldout", "dev")) for word in _words(name))


def is_per_byte(name: str) -> bool:
    """Return whether a name, such as val_bpb, means bits per byte."""
    return bool({*re.split(r"[^a-z0-9]+", name.casefold()), normal(name)} & _PER_BYTE)


def is_perplexity(name: str) -> bool:
    """Return whether a name, such as val_ppl or eval/perplexity, means the exponential of the loss."""
    return normal(name.replace("/", "_").replace(".", "_")) in _PERPLEXITY


def pick(letter: str, means: Mapping[str, Meaning | None], source: str, *, what: str = "columns") -> str | None:
    """Return the one name that is this letter, by the first rule that finds any; None for none.

    Raises DataError where that rule finds several.
    """
    found = [(one.rule, name) for name, one in means.items() if one is not None and one.letter == letter]
    first = min((rule for rule, _ in found), default=0)
    best = [name for rule, name in found if rule == first]
    if first == 0:
        best += [name for _, name in found if name not in best and best and normal(name) == normal(letter)]
    if len(best) > 1:
        told = " and ".join(f'"{shown(name)}"' for name in best[:NAMED])
        told += f" and {len(best) - NAMED} more" if len(best) > NAMED else ""
        raise DataError(
            f"{source}: the {what} {told} could each be {letter} ({LETTERS[letter]}). "
            f"Say which: {option(letter, best[0])}."
        )
    return best[0] if best else None


def missing(name: str, present: Sequence[str], source: str) -> DataError:
    """Return the error for a column that is not there, with what is and what to type."""
    letter = letter_of(name)
    if letter in present and letter != name:
        remedy = f"It is called {letter} here: say {letter}."
    elif near := get_close_matches(name, present, n=1):
        remedy = f'Did you mean "{near[0]}"?'
    elif letter is not None:
        remedy = f"Say which column is {letter}: {option(letter, 'COLUMN')}."
    else:
        remedy = f"Name one of these, or say which column is {name}: {option(name, 'COLUMN')}."
    return DataError(f'{source}: column "{name}" is missing; there are {listed(present)}. {remedy}')


def listed(names: Sequence[str], most: int = 30) -> str:
    """Return names for a message, the first of very many."""
    more = f", … ({len(names) - most} more)" if len(names) > most else ""
    return ", ".join(shown(name if len(name) <= 60 else f"{name[:59]}…") for name in names[:most]) + more


def option(name: str, column: str) -> str:
    """Return what to type to name a column: the four common letters have an option of their own."""
    column = column if column == "COLUMN" else f'"{column}"'
    return f"--{name} {column}" if name in {"N", "D", "C", "loss"} else f"--column {name}={column}"


def normal(name: str) -> str:
    """Return a name without case, spaces, dashes and underscores."""
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _mapped(name: str, typed: str, *, names: Sequence[str], source: str) -> Origin:
    """Return where a column comes from that the user names, a single one in the unit that its name states."""
    try:
        found = parse_expression(typed, names)
    except UnknownKeyError as unknown:
        near = get_close_matches(unknown.word, names, n=1) or get_close_matches(typed, names, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise DataError(
            f'{source}: there is no column "{shown(unknown.word if found_one(typed, names) else typed)}" to be {name}; '
            f"the columns are {listed(names)}.{hint}"
        ) from None
    if found.key is None or name not in LETTERS:
        return Origin(found)
    return Origin(found, stated_unit(name, found.key))


def found_one(typed: str, names: Sequence[str]) -> bool:
    """Return whether any of the names stands in what was typed."""
    return any(name in typed for name in names)


def stated_unit(letter: str, key: str) -> Unit | None:
    """Return the unit that the name of a column states for this letter; None for none."""
    found = meaning(key)
    if found is not None and found.letter == letter:
        return found.unit
    split = split_unit(key, lambda _: letter)
    return None if split is None or not re.search(r"[(\[]", key) else split[1]


def _refuse_duplicates(names: Sequence[str], source: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DataError(f'{source}: {names.count(name)} columns are called "{name}". Rename all but one.')


def _refuse_perplexity(names: Sequence[str], chosen: Mapping[str, Origin], source: str) -> None:
    suspects = [chosen["loss"].expression.text] if "loss" in chosen else names
    for name in suspects:
        if is_perplexity(name):
            raise DataError(
                f"{source}: column {name} is perplexity; the loss is its logarithm, in nats per token. "
                f"Say --loss 'ln({name})'."
            )


def _in_file_order(names: Sequence[str], chosen: Mapping[str, Origin]) -> dict[str, Origin]:
    ordered: dict[str, Origin] = {}
    for name in names:
        own = [new for new, origin in chosen.items() if origin.expression.key == name]
        if own:
            ordered |= {new: chosen[new] for new in own}
        else:
            ordered[f"{name} (file)" if name in chosen else name] = Origin(only_key(name))
    return ordered | {new: origin for new, origin in chosen.items() if new not in ordered}
