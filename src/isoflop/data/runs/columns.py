"""Which column of a table is which letter: canonical names, their aliases, the user's own mapping.

The rules, in order:

1. What the user says wins: `--N "Model Size"`. A column it displaces (the file has an `N` of its
   own) stays, under the name `N (file)`.
2. A column with exactly the canonical name is taken: `N`, `D`, `C`, `U`, `S`, `B`, `loss`.
3. Otherwise a column with an alias, whatever its case, spaces, dashes and underscores: `n_params`,
   "Training FLOP", `val-loss`. Two such columns for one letter are refused, by name.
4. A single letter counts only in its own case: `n` may be a sample count, `d` a width.
5. A training loss is never taken for the loss unless asked for, and a perplexity never at all.
6. Every other column keeps its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from isoflop.errors import DataError

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
    "N": """params parameters nparams nparameters numparams numparameters paramcount parametercount
        modelsize modelparams modelparameters totalparams totalparameters paramsnoembed
        paramsnoembedding paramsnonembedding nonembeddingparams nonembeddingparameters
        nonembedparams""",
    "D": """tokens ntokens numtokens tokencount trainingtokens traintokens totaltokens tokensseen
        trainedtokens""",
    "C": """flops flop compute trainingflops trainingflop trainflops trainflop totalflops nflops
        trainingcompute traincompute""",
    "U": "uniquetokens nuniquetokens numuniquetokens uniquetrainingtokens",
    "S": "steps nsteps numsteps trainsteps trainingsteps totalsteps",
    "B": "batchtokens batchsizetokens tokensperbatch batchsizeintokens tokensperstep",
    "loss": """loss valloss validationloss evalloss evaluationloss finalloss testloss finalvalloss
        finalevalloss heldoutloss""",
}
_LETTER_OF = {alias: letter for letter, aliases in _ALIASES.items() for alias in aliases.split()}
_PERPLEXITY = frozenset(
    f"{prefix}{word}"
    for prefix in ("", "val", "validation", "eval", "test", "final", "train")
    for word in ("ppl", "perplexity")
)


def assign(names: Sequence[str], mapping: Mapping[str, str], source: str) -> dict[str, str]:
    """Give, for each column the runs will have, the name of the file's column it comes from.

    Raises DataError for duplicate names, an unknown column in the mapping, two candidates for one
    letter, and a perplexity in the place of the loss.
    """
    _refuse_duplicates(names, source)
    for name, column in mapping.items():
        _require(name, column, names=names, source=source)
    chosen = dict(mapping)
    for letter in LETTERS:
        if letter not in mapping:
            free = [name for name in names if name not in mapping.values()]
            chosen |= _candidate(letter, free, source)
    _refuse_perplexity(names, chosen, source)
    return _in_file_order(names, chosen)


def letter_of(name: str) -> str | None:
    """Give the letter a column name stands for, or None."""
    return name if name in LETTERS else _LETTER_OF.get(normal(name))


def is_perplexity(name: str) -> bool:
    """Say whether a name, such as val_ppl or eval/perplexity, means the exponential of the loss."""
    return normal(name.replace("/", "_").replace(".", "_")) in _PERPLEXITY


def missing(name: str, present: Sequence[str], source: str) -> DataError:
    """Give the error for a column that is not there, with what is and what to type."""
    letter = letter_of(name)
    if letter in present and letter != name:
        remedy = f"It is called {letter} here: say {letter}."
    elif near := get_close_matches(name, present, n=1):
        remedy = f'Did you mean "{near[0]}"?'
    elif letter is not None:
        remedy = f"Say which column is {letter}: {_option(letter, 'COLUMN')}."
    else:
        remedy = f"Name one of these, or say which column is {name}: {_option(name, 'COLUMN')}."
    return DataError(f'{source}: column "{name}" is missing; there are {", ".join(present)}. {remedy}')


def _option(name: str, column: str) -> str:
    """Give what to type to name a column: the four common letters have an option of their own."""
    column = column if column == "COLUMN" else f'"{column}"'
    return f"--{name} {column}" if name in {"N", "D", "C", "loss"} else f"--column {name}={column}"


def normal(name: str) -> str:
    """Give a name without case, spaces, dashes and underscores."""
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _refuse_duplicates(names: Sequence[str], source: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DataError(f'{source}: {names.count(name)} columns are called "{name}". Rename all but one.')


def _require(name: str, column: str, *, names: Sequence[str], source: str) -> None:
    if column not in names:
        near = get_close_matches(column, names, n=1)
        hint = f' Did you mean "{near[0]}"?' if near else ""
        raise DataError(
            f'{source}: there is no column "{column}" to be {name}; the columns are {", ".join(names)}.{hint}'
        )


def _candidate(letter: str, free: Sequence[str], source: str) -> dict[str, str]:
    """Give {letter: column} for the one free column that is this letter, {} for none."""
    found = [name for name in free if name == letter or (len(name) > 1 and _LETTER_OF.get(normal(name)) == letter)]
    twins = [name for name in found if normal(name) == normal(letter)]
    if letter in found and len(twins) == 1:
        return {letter: letter}
    if len(found) > 1:
        listed = " and ".join(f'"{name}"' for name in found)
        raise DataError(
            f"{source}: the columns {listed} could each be {letter} ({LETTERS[letter]}). "
            f"Say which: {_option(letter, found[0])}."
        )
    return {letter: found[0]} if found else {}


def _refuse_perplexity(names: Sequence[str], chosen: Mapping[str, str], source: str) -> None:
    suspects = [chosen["loss"]] if "loss" in chosen else names
    for name in suspects:
        if is_perplexity(name):
            raise DataError(
                f"{source}: column {name} is perplexity; the loss is its logarithm. "
                f"Add a column loss = ln({name}), in nats per token."
            )


def _in_file_order(names: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    ordered: dict[str, str] = {}
    for name in names:
        own = [new for new, column in chosen.items() if column == name]
        if own:
            ordered |= dict.fromkeys(own, name)
        else:
            ordered[f"{name} (file)" if name in chosen else name] = name
    return ordered
