"""The rival of benchmarks/web.py: the same page in Streamlit, by isoflop's own numbers."""

import numpy as np
import streamlit as st

import isoflop
from isoflop.forecasting.ensemble import Ensemble, combine


@st.cache_resource
def source() -> Ensemble:
    """Give several laws on the runs, fitted once."""
    return combine(isoflop.read("tinylm", where='role == "sweep"'))


@st.cache_data
def best_losses() -> dict[str, list[float]]:
    """Give the line of the chart."""
    found = isoflop.frontier(source(), list(np.geomspace(5e10, 7.5e13, 25)))
    return {"log10 FLOPs": [np.log10(one.C) for one in found.plans], "loss": [one.loss.value for one in found.plans]}


st.title("tinylm")
exponent = st.slider("compute, log10 FLOPs", 10.7, 13.87, 12.9, 0.01)
plan = isoflop.plan(source(), flops=10**exponent)
columns = st.columns(3)
for column, (name, value) in zip(columns, {"N": plan.N, "D": plan.D, "loss": plan.loss}.items(), strict=True):
    column.metric(name, f"{value.value:.4g}", f"{value.low:.4g} – {value.high:.4g}", delta_color="off")
st.line_chart(best_losses(), x="log10 FLOPs", y="loss")
st.caption(f"FLOPs {10**exponent:.6g}")
