"""What else a table records about its runs: columns that say how a run was trained, by alias.

Case, spaces, dashes and underscores do not matter: `learning_rate`, "Learning Rate", `peak-lr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoflop.data.runs.columns import normal
from isoflop.formula.arrays import Array

Columns = Mapping[str, NDArray[Any]]

_ALIASES = {
    "run": "run runid runname trainingrunid trainingrun",
    "name": "name id uid",
    "seed": "seed initseed dataseed modelseed trainseed",
    "step": "step globalstep currentstep iteration iter",
    "status": "status state runstatus runstate",
    "lowest loss": "minloss minimumloss bestloss lowestloss runningmin runningminloss minvalloss bestvalloss",
    "planned tokens": """plannedtokens tokensplanned maxtokens targettokens scheduledtokens scheduletokens
        plannedd""",
    "planned steps": "plannedsteps stepsplanned maxsteps targetsteps scheduledsteps schedulesteps maxiters",
    "decay tokens": "decaytokens lrdecaytokens cosinetokens",
    "decay steps": "decaysteps lrdecaysteps decayiters lrdecayiters cosinesteps",
    "schedule": "schedule lrschedule scheduler lrscheduler lrschedulertype learningrateschedule scheduletype",
    "warmup tokens": "warmuptokens lrwarmuptokens",
    "warmup steps": "warmupsteps warmupiters lrwarmupsteps lrwarmupiters",
    "warmup share": "warmupratio warmupfraction warmupfrac warmupshare",
    "learning rate": "learningrate lr maxlr peaklr maxlearningrate peaklearningrate",
    "weight decay": "weightdecay wd decay",
    "batch": "b bs batch gbs batchsize batchtokens batchsizetokens globalbatchsize tokensperbatch",
    "parametrization": "parametrization parameterization parametrisation parameterisation",
    "width": "width dmodel hiddensize hiddendim modeldim embeddingdim nembd",
    "depth": "depth nlayers nlayer layers numlayers numhiddenlayers",
    "vocabulary": "vocab vocabsize nvocab vocabularysize",
    "embedding": "nembedding embeddingparams embeddingparameters paramsembedding embparams",
    "without embedding": """nnonembedding paramsnoembed paramsnoembedding paramsnonembedding
        nonembeddingparams nonembeddingparameters nonembedparams""",
    "experts": """experts nexperts numexperts expertcount numberofexperts routedexperts nroutedexperts
        numroutedexperts numlocalexperts moeexperts moenumexperts""",
    "active": """active nactive activeparams activeparameters nactiveparams numactiveparams activatedparams
        activatedparameters""",
    "tokens per parameter": """tokperparam tokperparameter tokensperparam tokensperparameter tokensperparams tpp
        tokenparamratio tokensparamratio tokenstoparams tokenparameterratio paramdataratio dataparamratio dn d/n
        tokens/param tokens/parameter tokens/params dperparam tokensperparameters""",
    "bytes per token": "bytespertoken bytes/token bytespertok avgbytespertoken",
    "epochs": "epochs epoch nepochs numepochs",
    "tokenizer": "tokenizer tokeniser tokenizername tokenisername",
    "evaluation set": """val valset valdata valdataset validationset validationdata validationdataset evalset
        evaldata evaldataset evaluationset evaluationdata testset testdata""",
    "dataset": """dataset datasetname trainds trainset traindata traindataset trainingset trainingdata
        trainingdataset corpus traincorpus trainingcorpus""",
    "code version": "codeversion codecommit commit gitcommit githash gitsha gitrevision coderevision",
    "precision": "precision trainprecision trainingprecision mixedprecision dtype",
    "sequence length": """seqlen seqlength sequencelength contextlength contextlen contextsize contextwindow ctxlen
        nctx maxseqlen""",
}  # fmt: skip
_MEANING = {alias: meaning for meaning, aliases in _ALIASES.items() for alias in aliases.lower().split()}


def recorded(columns: Columns, meaning: str) -> list[str]:
    """Return the names of the columns that record this, such as "learning rate"."""
    return [name for name in columns if _MEANING.get(normal(name)) == meaning]


def meaning_of(name: str) -> str | None:
    """Return what a column records by its name; None for nothing that is known."""
    return _MEANING.get(normal(name))


def number(columns: Columns, *meanings: str) -> Array | None:
    """Return the first column of numbers that records one of these; None if there is none."""
    for meaning in meanings:
        for name in [meaning] if meaning in columns else recorded(columns, meaning):
            if columns[name].dtype.kind == "f" and not np.all(np.isnan(columns[name])):
                return columns[name]
    return None


def words(columns: Columns, meaning: str) -> list[str] | None:
    """Return the first column of text that records this, in lower case; None if there is none."""
    for name in recorded(columns, meaning):
        if columns[name].dtype.kind == "O":
            return [text.strip().lower() for text in columns[name].tolist()]
    return None


def labels(columns: list[NDArray[Any]]) -> NDArray[np.int64]:
    """Return each row the number of its group, counted from 0 as they come: rows equal in all columns form one."""
    found = _labels_of(columns[0])
    for values in columns[1:]:
        one = _labels_of(values)
        found = _labels_of(found * (int(one.max(initial=0)) + 1) + one)
    return found


def _labels_of(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype.kind == "O":
        different = dict.fromkeys(values.tolist())
        if len(different) == len(values):
            return np.arange(len(values))
        codes = {value: number for number, value in enumerate(different)}
        return np.fromiter(map(codes.__getitem__, values.tolist()), np.int64, len(values))
    if not repeats(values):
        return np.arange(len(values))
    _, first, found = np.unique(values, return_index=True, return_inverse=True, equal_nan=False)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[found]


def repeats(values: Array) -> bool:
    """Return whether a number comes more than once: quicker than grouping, where nothing does."""
    return not bool(np.diff(np.sort(values)).all())
