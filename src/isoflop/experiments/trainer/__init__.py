"""The reference trainer: real runs on a laptop, for laws to be fitted to (needs torch: `pip install "isoflop[train]"`).

python -m isoflop.experiments.trainer --width 64 --tokens 4M      trains one model and prints JSON lines
python -m isoflop.experiments.trainer --config CONFIG.json        the same, told by a file

A small transformer on bytes of text, or a network on one-dimensional digits; one learning rate for all widths (µP).
"""

from isoflop.experiments.trainer.config import Config, read_config

__all__ = ["Config", "read_config"]
