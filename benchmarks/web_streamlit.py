"""A rival of benchmarks/web.py: the same page in Streamlit, by isoflop's own numbers."""

import streamlit as st
from web_task import ENDS, FIRST, STEP, best_losses, told

st.title("tinylm")
exponent = st.slider("compute, log10 FLOPs", *ENDS, FIRST, STEP)
st.html(told(exponent))
st.line_chart(best_losses(), x="log10 FLOPs", y="loss")
