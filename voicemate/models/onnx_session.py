"""Opens small networks on one thread of onnxruntime."""

from pathlib import Path
from typing import Any

import onnxruntime as _onnxruntime

from voicemate.core.errors import ModelError

onnxruntime: Any = _onnxruntime
"""The package has type hints for parts of it only."""


def open_session(path: Path, inputs: set[str], what: str) -> _onnxruntime.InferenceSession:
    """Open the network at ``path``.

    Args:
        path: of the ONNX file.
        inputs: the names of its inputs; a network with others is refused.
        what: its name in the error message.

    Raises:
        ModelError: the file is missing, damaged, or another network.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = {given.name for given in session.get_inputs()}
    except Exception as error:  # onnxruntime's errors share no base class but Exception
        raise _unusable(path, what) from error
    if names != inputs:
        raise _unusable(path, what)
    return session


def _unusable(path: Path, what: str) -> ModelError:
    return ModelError(f"{path} is not the {what}", "Run `voicemate models pull starter`")
