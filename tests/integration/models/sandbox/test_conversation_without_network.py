"""A whole conversation, from sound to sound, where there is no network at all: not even this machine's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.support.network_namespace import without_network
from voicemate.core.paths import models_folder

pytestmark = pytest.mark.models

DEMO = """
import dataclasses, json, platform, socket, sys
from voicemate.demo import demo
from voicemate.cli import main
from voicemate.sandbox import locking, seccomp
from voicemate.sandbox.linux_syscalls import LinuxKernel
from voicemate.sandbox.bpf import ALLOW, RETURN

KILL_PROCESS = 0x80000000
locked, program = locking._locked, seccomp.build_program

def deadly(machine):
    refuses = lambda one: one.code == RETURN and one.operand != ALLOW
    return [dataclasses.replace(one, operand=KILL_PROCESS) if refuses(one) else one for one in program(machine)]

def locked_deadly(sandbox):
    proof = locked(sandbox)
    seccomp.build_program = deadly
    assert seccomp.apply(LinuxKernel(), platform.machine()).on
    return proof

locking._locked = locked_deadly
print("INTERFACES", json.dumps(socket.if_nameindex()), flush=True)
demo.QUESTIONS = {"en": demo.QUESTIONS["en"][1:2]}
sys.argv[0] = "voicemate"
main()
"""
"""``voicemate demo`` with one question, where code that merely tries to make a network socket ends the process."""


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_a_spoken_question_gets_a_spoken_answer_and_no_code_even_tries(
    tmp_path: Path, whisper_tiny: Path, smollm2: Path, silero: Path
) -> None:
    (tmp_path / "ada.toml").write_text('name = "Ada"\ndescription = "Answers in one short sentence."\n')
    options = ["demo", "--no-view", "--folder", str(tmp_path / "demo"), "--stt", "whisper-tiny.en"]
    options += ["--persona", str(tmp_path / "ada.toml")]  # greets nobody: half the time
    done = subprocess.run(
        [*without_network(), sys.executable, "-c", DEMO, *options],
        env={**os.environ, "VOICEMATE_HOME": str(tmp_path), "VOICEMATE_MODELS": str(models_folder())},
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (interfaces,) = (line for line in done.stdout.splitlines() if line.startswith("INTERFACES"))
    assert [name for _, name in json.loads(interfaces.removeprefix("INTERFACES"))] == ["lo"]
    lines = done.stdout.splitlines()
    asked = next(number for number, line in enumerate(lines) if line.startswith("you  "))
    assert any(line.startswith("Ada  ") for line in lines[asked:]), done.stdout
    assert "offline" not in done.stderr.lower(), "everything is locked: there is nothing to tell"
    assert "Kept from the network" not in done.stderr, "nothing even tried"
    sound, rate = soundfile.read(tmp_path / "demo" / "conversation.wav")
    assert len(sound) > 2 * rate
    assert abs(sound[:, 1]).max() > 0.05, "the character was heard"
