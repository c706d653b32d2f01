"""Small networks on one thread of onnxruntime."""

from pathlib import Path

import onnxruntime

from voicemate.core.errors import ModelError


def open_session(path: Path, inputs: set[str], what: str) -> onnxruntime.InferenceSession:
    """The network at ``path``, ready to run.

    Args:
        inputs: the names of its inputs, by which another network is told from it.
        what: the network is called this when it cannot be used.

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
