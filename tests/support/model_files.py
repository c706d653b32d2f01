"""Builds small models in every format, and a package index without a network."""

import hashlib
import json
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

STATE, MELS, VOCABULARY = 64, 80, 10
"""The made-up whisper: one head, one layer a side, ten tokens."""

WORDS = ["!", "a", "Ġb", "", "é", "<|endoftext|>", "<|startoftranscript|>", ""]
"""Its vocabulary.txt: an empty token at its place, a byte and a space under their stand-ins, and specials."""


def ct2_variables() -> dict[str, Any]:
    """The made-up whisper's variables as CTranslate2 names them."""
    random = np.random.default_rng(7)
    variables: dict[str, Any] = {}

    def put(name: str, *shape: int) -> None:
        variables[name] = random.normal(size=shape).astype("<f2")

    def linear(name: str, rows: int, columns: int, keys: slice | None = None) -> None:
        put(f"{name}/weight", rows, columns)
        put(f"{name}/bias", rows)
        if keys:
            variables[f"{name}/bias"][keys] = 0

    def norm(name: str) -> None:
        put(f"{name}/gamma", STATE)
        put(f"{name}/beta", STATE)

    for side in ("encoder", "decoder"):
        variables[f"{side}/position_encodings/encodings"] = random.normal(size=(6, STATE)).astype("<f4")
        layer = f"{side}/layer_0"
        norm(f"{layer}/self_attention/layer_norm")
        linear(f"{layer}/self_attention/linear_0", 3 * STATE, STATE, keys=slice(STATE, 2 * STATE))
        linear(f"{layer}/self_attention/linear_1", STATE, STATE)
        if side == "decoder":
            norm(f"{layer}/attention/layer_norm")
            linear(f"{layer}/attention/linear_0", STATE, STATE)
            linear(f"{layer}/attention/linear_1", 2 * STATE, STATE, keys=slice(0, STATE))
            linear(f"{layer}/attention/linear_2", STATE, STATE)
        norm(f"{layer}/ffn/layer_norm")
        linear(f"{layer}/ffn/linear_0", 4 * STATE, STATE)
        linear(f"{layer}/ffn/linear_1", STATE, 4 * STATE)
        norm(f"{side}/layer_norm")
    put("encoder/conv1/weight", STATE, MELS, 3)
    put("encoder/conv1/bias", STATE)
    put("encoder/conv2/weight", STATE, STATE, 3)
    put("encoder/conv2/bias", STATE)
    put("decoder/embeddings/weight", VOCABULARY, STATE)
    variables["decoder/activation"] = np.array(1, "i1")
    return variables


def ct2_file(variables: dict[str, Any], spec: str = "WhisperSpec", version: int = 6) -> bytes:
    """Encode ``variables`` in CTranslate2's binary format, the output projection as an alias of the embeddings."""
    numbers = {"<f4": 0, "|i1": 1, "<f2": 4}

    def string(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    out = [struct.pack("<I", version), string(spec), struct.pack("<II", 3, len(variables))]
    for name, array in variables.items():
        out += [string(name), struct.pack("<B", array.ndim), struct.pack(f"<{array.ndim}I", *array.shape)]
        out += [struct.pack("<BI", numbers[array.dtype.str], array.nbytes), array.tobytes()]
    out += [struct.pack("<I", 1), string("decoder/projection/weight"), string("decoder/embeddings/weight")]
    return b"".join(out)


def gguf_file(
    metadata: dict[str, Any] | None = None, tensors: dict[str, tuple[int, list[int], bytes]] | None = None
) -> bytes:
    """Return a GGUF file, by default of a made-up language model with one tensor.

    Args:
        metadata: values by key; whole numbers become u32, lists arrays of strings or u32.
        tensors: type, shape and data by name.
    """
    metadata = llama_metadata() if metadata is None else metadata
    tensors = {"token_embd.weight": (0, [4, 2], bytes(32))} if tensors is None else tensors

    def string(text: str) -> bytes:
        raw = text.encode()
        return struct.pack("<Q", len(raw)) + raw

    def value(one: Any) -> bytes:
        if isinstance(one, str):
            return struct.pack("<I", 8) + string(one)
        if isinstance(one, list):
            strings = bool(one) and isinstance(one[0], str)
            items = b"".join(string(item) if strings else struct.pack("<I", item) for item in one)
            return struct.pack("<IIQ", 9, 8 if strings else 4, len(one)) + items
        return struct.pack("<II", 4, one)

    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    out += b"".join(string(key) + value(one) for key, one in metadata.items())
    data = b""
    for name, (kind, shape, raw) in tensors.items():
        out += string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        out += struct.pack("<IQ", kind, len(data))
        data += raw + bytes(-len(raw) % 32)
    return out + bytes(-len(out) % 32) + data


def llama_metadata() -> dict[str, Any]:
    return {
        "general.architecture": "llama",
        "general.name": "Made Up",
        "llama.block_count": 2,
        "llama.embedding_length": 64,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.feed_forward_length": 128,
        "llama.context_length": 512,
        "tokenizer.ggml.tokens": ["a", "b", "c"],
        "tokenizer.chat_template": "{{ messages }}",
    }


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


FAKE_PIP = '''
"""Replaces pip: copies the wheels of a folder, and records the requirements."""
import json, pathlib, shutil, sys, time
index = pathlib.Path({index!r})
requirement, into = sys.argv[-1], pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
with (index / "asked").open("a") as asked:
    asked.write(requirement + "\\n")
name, version = requirement.split("==")
wheel = index / (name.replace("-", "_") + "-" + version + "-py3-none-any.whl")
behave = json.loads((index / "behave.json").read_text()) if (index / "behave.json").exists() else {{}}
if behave.get("says"):
    print(behave["says"])
if behave.get("hangs") == requirement:
    (into / wheel.name).write_bytes(wheel.read_bytes()[:100])
    (index / "hanging").touch()
    time.sleep(60)
if not wheel.exists() or behave.get("fails"):
    sys.exit("ERROR: Could not find a version that satisfies " + requirement + " (from versions: none)")
shutil.copy(wheel, into)
'''


class Index:
    """A folder of wheels with a fake pip.

    Attributes:
        command: runs the fake pip.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        program = folder / "pip.py"
        program.write_text(FAKE_PIP.format(index=str(folder)))
        self.command = [sys.executable, "-S", str(program)]

    def publish(self, name: str, members: dict[str, bytes]) -> dict[str, Any]:
        """Add a wheel with ``members``; return its catalog entry."""
        path = self.path(name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            for member, data in members.items():
                wheel.writestr(member, data)
        raw = path.read_bytes()
        return {"requirement": f"{name}==1.0", "size": len(raw), "sha256": sha256(raw)}

    def path(self, name: str) -> Path:
        return self.folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"

    def behave(self, **how: Any) -> None:
        (self.folder / "behave.json").write_text(json.dumps(how))

    @property
    def asked(self) -> list[str]:
        """The requirements that were installed so far."""
        asked = self.folder / "asked"
        return asked.read_text().split() if asked.exists() else []


MODEL_BYTES = gguf_file(tensors={"t": (0, [25_000], bytes(range(250)) * 400)})


def entry(name: str, source: dict[str, Any], data: bytes = MODEL_BYTES, **more: Any) -> dict[str, Any]:
    """Return a catalog entry of a language model with the bytes ``data``."""
    common = {"role": "llm", "licence": "MIT", "languages": ["en"], "about": "Made up.", "parameters": 1}
    facts = {"name": name, "file": f"{name}.gguf", "size": len(data), "sha256": sha256(data), "kv_bytes": 1024}
    return {**common, **facts, "source": source, **more}
