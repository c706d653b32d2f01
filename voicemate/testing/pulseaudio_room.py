"""A room without hardware: PulseAudio null sinks as a real microphone and a real loudspeaker.

One null sink of four channels, ``world``, is the air. Channels 1 and 2 are what the loudspeaker plays, 3 and 4 what
the person says; virtual devices on top of it give programs a sink ``speaker``, a source ``mic``, and the test a sink
``room`` to speak into. Because both lie in the same frames of the same sink, a recording of ``world`` has them on
one time line: the distance between a sample said and a sample answered is exact, with no error at all.

A second microphone, ``echo``, hears the loudspeaker and nothing else, without any delay.

Everything a program does between its sound API and the air is inside that distance: its own buffers, and
PulseAudio's.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 48_000
"""The rate of the air, and at which voicemate opens its devices: nothing between is resampled."""

NOISE_DBFS = -70.0
"""What a quiet room's microphone delivers; without it a null sink is bit-exact silence, which no microphone is."""

SPEAKER, PERSON = 0, 2
"""Channels of a recording."""

_MAP = "front-left,front-right,rear-left,rear-right"
_HALF = "channels=2 channel_map=front-left,front-right remix=no master_channel_map="
_MODULES = {
    "world": f"module-null-sink sink_name=world format=float32le rate={RATE} channels=4 channel_map={_MAP}",
    "nowhere": f"module-null-sink sink_name=nowhere rate={RATE}",
    "room": f"module-remap-sink sink_name=room master=world {_HALF}rear-left,rear-right",
    "speaker": f"module-remap-sink sink_name=speaker master=world {_HALF}front-left,front-right",
    "mic": f"module-remap-source source_name=mic master=world.monitor {_HALF}rear-left,rear-right",
    "echo": f"module-remap-source source_name=echo master=world.monitor {_HALF}front-left,front-right",
}

_ALSA = """
pcm.speaker { type pulse device speaker }
pcm.mic { type pulse device mic }
pcm.echo { type pulse device echo }
pcm.any { type pulse }
pcm.!default { type asym playback.pcm "speaker" capture.pcm "mic" }
"""
"""PortAudio reaches PulseAudio through ALSA; naming the devices keeps streams off others when one is lost."""


def available() -> bool:
    """The programs are there (Debian: pulseaudio, pulseaudio-utils, libasound2-plugins)."""
    return all(shutil.which(program) for program in ("pulseaudio", "pactl", "pacat", "parec"))


class PulseAudioRoom:
    """A PulseAudio server of our own, apart from any other on the machine. A context manager.

    Attributes:
        environment: the variables with which a program uses this server.
    """

    def __init__(self, noise_dbfs: float | None = NOISE_DBFS):
        self._noise_dbfs = noise_dbfs
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> "PulseAudioRoom":
        with self._ending as ending:
            self._folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="room-")))
            self._write_settings()
            self._life = ending.enter_context(contextlib.ExitStack())
            self.start_server()
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.close()

    # ------------------------------------------------------------ sound

    @contextlib.contextmanager
    def recording(self) -> Iterator["RoomRecording"]:
        """Record the air; read the recording after the block."""
        recording = RoomRecording(self._folder / "recording.f32")
        command = ["parec", "--device=world.monitor", "--channels=4", f"--channel-map={_MAP}", "--latency-msec=20"]
        with recording.path.open("wb") as file, self._running([*command, *_RAW], stdout=file):
            _wait_until(lambda: recording.path.stat().st_size > 0, "the recording begins")
            yield recording
            time.sleep(_DRAIN_S)
        recording.load()

    def say(self, pcm: NDArray[np.float32], sink: str = "room") -> None:
        """Play mono ``pcm`` (at ``RATE``) into a sink and return when it was heard.

        PulseAudio swallows the first few milliseconds of a stream: they are silence here. It is played from a file,
        since pacat spins on one core for the last third of a second of what came through a pipe that is closed: just
        when a program that listens has its work to do.
        """
        lead = np.zeros(RATE // 10, dtype=np.float32)
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:
            file.write(np.concatenate([lead, pcm, lead]).astype(np.float32).tobytes())
            file.flush()
            with self._player(sink, file.name) as player:
                player.wait(timeout=120)

    @contextlib.contextmanager
    def separate_microphone(self) -> Iterator[None]:
        """The default microphone (``any``) is a device of its own, with the room's noise; what is said to the sink
        ``nowhere`` is said into it.

        ``mic`` hears what lies in the same frames as the loudspeaker's sound, and therefore comes in pieces as short
        as the loudspeaker's stream wants them, even while that rests.
        """
        with self._player("nowhere") as player:
            feeder = threading.Thread(target=_feed_for_ever, args=(player, self._noise().tobytes()))
            feeder.start()
            self._use_as_default("nowhere.monitor")
            yield
            self._use_as_default("mic")
        feeder.join()

    # ------------------------------------------------------------ losing devices

    def lose(self, device: str) -> None:
        """Unplug ``speaker`` or ``mic``: it is gone, and whoever used it gets an error."""
        users = "sink-input" if device == "speaker" else "source-output"
        streams = self._numbers(users, of=device)
        self._use_as_default("nowhere" if device == "speaker" else "nowhere.monitor")
        self._unload(device, [f"kill-{users} {number}" for number in streams])

    def restore(self, device: str, options: str = "") -> None:
        """Plug it in again.

        Args:
            options: of the module, such as ``rate=16000 channels=1 channel_map=mono`` for a headset's other profile.
        """
        given = dict(option.split("=", 1) for option in f"{_MODULES[device]} {options}".split()[1:])
        module = _MODULES[device].split()[0]
        self._control("load-module", module, *(f"{name}={value}" for name, value in given.items()))
        self._use_as_default(device)

    def rename(self, old: str, new: str) -> None:
        """``speaker`` gets another name, or its own back: for PulseAudio it goes, and the other one comes, to which
        it takes the streams that follow the default device."""
        module = _MODULES["speaker"].replace("sink_name=speaker", f"sink_name={new}")
        self._control("load-module", *module.split(" "))
        self._control("set-default-sink", new)
        self._unload(old, [])

    def stop_server(self) -> None:
        """The sound server ends, and all devices with it."""
        self._life.close()

    def start_server(self) -> float:
        """It begins anew; returns the moment (``time.monotonic``) at which the same devices were there again.

        That is when the air moves: until then a null sink's monitor delivers a block every two seconds.
        """
        self._start(self._life)
        self._use_as_default("speaker")
        self._use_as_default("mic")
        return self._life.enter_context(self._air())

    def freeze(self, device: str, frozen: bool = True) -> None:
        """Let ``speaker`` or ``mic`` hang: no error, and no more callbacks either."""
        self._control("suspend-sink" if device == "speaker" else "suspend-source", device, str(int(frozen)))

    def mute(self, muted: bool = True) -> None:
        """Mute the microphone: bit-exact zeros."""
        self._control("set-source-mute", "mic", str(int(muted)))

    # ------------------------------------------------------------ the server

    def _write_settings(self) -> None:
        (self._folder / "pulse").mkdir(mode=0o700)
        (self._folder / "asound.conf").write_text(_ALSA)
        self.environment = {
            "PULSE_SERVER": f"unix:{self._folder}/pulse/native",
            "ALSA_CONFIG_PATH": str(self._folder / "asound.conf"),
        }

    def _start(self, ending: contextlib.ExitStack) -> None:
        modules = ["module-native-protocol-unix auth-anonymous=1", "module-cli-protocol-unix", *_MODULES.values()]
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += [word for module in modules for word in ("-L", module)]
        private = {"XDG_RUNTIME_DIR": str(self._folder), "HOME": str(self._folder)}
        log = ending.enter_context((self._folder / "log").open("wb"))
        server = ending.enter_context(self._running(command, env=os.environ | private, stderr=log))

        def answers() -> bool:
            if server.poll() is not None:
                raise RuntimeError(f"pulseaudio ended:\n{(self._folder / 'log').read_text()}")
            return subprocess.run(["pactl", "info"], env=self._env, capture_output=True, check=False).returncode == 0

        _wait_until(answers, "PulseAudio answers")

    @contextlib.contextmanager
    def _air(self) -> Iterator[float]:
        """The room's noise, for as long as the server runs; it also keeps the null sink at a short latency.

        Yields the moment at which it was there.
        """
        with self._player("room") as player:
            feeder = threading.Thread(target=_feed_for_ever, args=(player, self._noise().tobytes()))
            feeder.start()
            with self.recording() as recording:
                there = time.monotonic()
                size = recording.path.stat().st_size
                _wait_until(lambda: recording.path.stat().st_size > size + 4 * 4 * RATE // 4, "the air moves")
            yield there
        feeder.join()

    def _noise(self) -> NDArray[np.float32]:
        level = 0.0 if self._noise_dbfs is None else 10 ** (self._noise_dbfs / 20)
        return np.random.default_rng(0).standard_normal(RATE, dtype=np.float32) * np.float32(level)

    @property
    def _env(self) -> dict[str, str]:
        return os.environ | self.environment

    def _player(self, sink: str, *file: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """Plays a file, or else what it is given through a pipe."""
        options = ["--playback", f"--device={sink}", "--channels=1", f"--latency-msec={_PLAYER_MS}"]
        return self._running(["pacat", *options, *_RAW, *file], stdin=subprocess.PIPE)

    @contextlib.contextmanager
    def _running(self, command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(command, **({"env": self._env} | options))  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=10)

    def _use_as_default(self, device: str) -> None:
        self._control("set-default-sink" if device in ("speaker", "nowhere") else "set-default-source", device)

    def _control(self, *words: str) -> str:
        done = subprocess.run(["pactl", *words], env=self._env, capture_output=True, text=True, check=True)
        return done.stdout

    def _numbers(self, kind: str, of: str) -> list[str]:
        """Numbers of the modules whose arguments contain ``of``, or of the streams on the device ``of``."""
        rows = [row.split("\t") for row in self._control("list", "short", f"{kind}s").splitlines()]
        if kind == "module":
            return [row[0] for row in rows if of in f"{row[2]} "]
        devices = self._control("list", "short", "sinks" if kind == "sink-input" else "sources").splitlines()
        number = next(row.split("\t")[0] for row in devices if row.split("\t")[1] == of)
        return [row[0] for row in rows if row[1] == number]

    def _unload(self, device: str, kills: list[str]) -> None:
        """Take a device away and end streams that PulseAudio moves to another one, before that has played of them."""
        module = self._numbers("module", of=f"_name={device} ")[0]
        self._command_line("\n".join([f"unload-module {module}", *kills]))

    def _command_line(self, command: str) -> None:
        """PulseAudio's own command line: pactl cannot end a stream."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(f"{self._folder}/pulse/cli")
            line.sendall(f"{command}\n".encode())
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):  # until it has been done
                pass


def find(sound: NDArray[np.float32], within: NDArray[np.float32]) -> int:
    """Where ``sound`` begins in a longer recording, in samples: the peak of their cross-correlation."""
    size = len(within) + len(sound)
    product = np.fft.rfft(within, size) * np.conj(np.fft.rfft(sound, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(within)]))


class RoomRecording:
    """What was to be heard in the room: all of it on one time line.

    Attributes:
        channels: after the recording, float32 at ``RATE``, shape ``[n, 4]``; see ``LOUDSPEAKER`` and ``PERSON``.
    """

    def __init__(self, path: Path):
        self.path = path
        self.channels = np.zeros((0, 4), dtype=np.float32)

    @property
    def speaker(self) -> NDArray[np.float32]:
        return self.channels[:, SPEAKER]

    @property
    def person(self) -> NDArray[np.float32]:
        return self.channels[:, PERSON]

    def load(self) -> None:
        samples = np.fromfile(self.path, dtype=np.float32)
        self.channels = samples[: len(samples) // 4 * 4].reshape(-1, 4)

    def write(self, path: Path) -> None:
        """As a stereo WAV: person left, loudspeaker right."""
        soundfile.write(path, self.channels[:, [PERSON, SPEAKER]], RATE)


_RAW = ("--raw", "--format=float32le", f"--rate={RATE}")

_PLAYER_MS = 200
"""Buffer of what the test plays: long, so that a busy machine tears no holes. Recordings tell when it was heard."""

_DRAIN_S = 0.2
"""After this long the recorder has written what was in the air when it was asked to end."""


def _feed_for_ever(player: subprocess.Popen[bytes], sound: bytes) -> None:
    assert player.stdin
    with contextlib.suppress(BrokenPipeError):
        while player.poll() is None:
            player.stdin.write(sound)


def _wait_until(holds, what: str, patience_s: float = 20) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience_s:.0f} s in vain until {what}")
        time.sleep(0.02)
