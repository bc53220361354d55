"""Notebooks as their readers run them: a kernel in a process of its own."""

from __future__ import annotations

import os
import tempfile

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

PATIENCE = 600
"""Seconds that a kernel may take to start and to run a cell: no busy machine takes so long."""


def executed(*cells: str) -> list[list[nbformat.NotebookNode]]:
    """Run cells in a kernel of their own and return what each put out.

    Test and kernel talk by sockets of a folder of their own: a free port may be another's before the kernel has it.
    """
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with tempfile.TemporaryDirectory(prefix="nb-") as folder:
        own = Config({"KernelManager": {"transport": "ipc", "ip": os.path.join(folder, "k")}})  # noqa: PTH118 - a name
        waits = dict.fromkeys(("timeout", "startup_timeout", "iopub_timeout"), PATIENCE)
        NotebookClient(book, kernel_name="python3", config=own, **waits).execute()
    return [cell.outputs for cell in book.cells]
