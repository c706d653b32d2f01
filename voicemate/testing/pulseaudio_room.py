"""A room without hardware: PulseAudio null sinks as a real microphone and a real speaker.

One null sink of four channels, ``world``, is the room. Channels 1 and 2 have what the speaker plays, 3 and 4 what the
person says; virtual devices on top of it give programs a sink ``speaker`` and a source ``mic``, and the test a sink
``room`` to speak into. Both are in the same frames of one sink, so the time between them in a recording of ``world``
is exact. It includes the buffers of the program and of PulseAudio.

A second microphone, ``echo``, picks up only the speaker, without delay.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 48_000
"""The rate of ``world`` and of voicemate's devices (Hz): nothing is resampled."""

NOISE_DBFS = -70.0
"""The microphone's noise in a quiet room. A null sink alone delivers bit-exact silence, as no microphone does."""

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
"""PortAudio reaches PulseAudio through ALSA. Named devices keep streams where they are when a device is lost."""


def available() -> bool:
    """Return whether the programs are installed (Debian: pulseaudio, pulseaudio-utils, libasound2-plugins)."""
    return all(shutil.which(program) for program in ("pulseaudio", "pactl", "pacat", "parec"))


class PulseAudioRoom:
    """A private PulseAudio server. A context manager.

    Attributes:
        environment: the variables with which a program uses this server.
    """

    def __init__(self, noise_dbfs: float | None = NOISE_DBFS) -> None:
        self._noise_dbfs = noise_dbfs
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> "PulseAudioRoom":
        with self._cleanup as cleanup:
            self._folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="room-")))
            self._write_settings()
            self._server = cleanup.enter_context(contextlib.ExitStack())
            self.start_server()
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._cleanup.close()

    # ------------------------------------------------------------ sound

    @contextlib.contextmanager
    def recording(self) -> Generator["RoomRecording"]:
        """Record the room while the body runs; read the recording after it."""
        recording = RoomRecording(self._folder / "recording.f32")
        command = ["parec", "--device=world.monitor", "--channels=4", f"--channel-map={_MAP}", "--latency-msec=20"]
        with recording.path.open("wb") as file, self._running([*command, *_RAW], stdout=file):
            _wait_until(lambda: recording.path.stat().st_size > 0, "the recording to begin")
            yield recording
            time.sleep(_DRAIN_S)
        recording.load()

    def say(self, pcm: NDArray[np.float32], sink: str = "room") -> None:
        """Play mono ``pcm`` (at ``RATE``) into a sink; return at its end.

        PulseAudio drops the first few milliseconds of a stream, so it begins with silence. It is played from a file:
        with a closed pipe pacat would use a whole core during the last third of a second.
        """
        lead = np.zeros(RATE // 10, dtype=np.float32)
        with tempfile.NamedTemporaryFile(dir=self._folder) as file:
            file.write(np.concatenate([lead, pcm, lead]).astype(np.float32).tobytes())
            file.flush()
            with self._player(sink, file.name) as player:
                player.wait(timeout=120)

    @contextlib.contextmanager
    def separate_microphone(self) -> Generator[None]:
        """Make the default microphone (``any``) a device of its own, with noise; say things to the sink ``nowhere``.

        ``mic`` shares its frames with the speaker, so it delivers pieces as short as the speaker's stream needs them,
        even while that is idle.
        """
        with self._player("nowhere") as player:
            feeder = threading.Thread(target=_feed_forever, args=(player, self._noise().tobytes()))
            feeder.start()
            self._use_as_default("nowhere.monitor")
            yield
            self._use_as_default("mic")
        feeder.join()

    # ------------------------------------------------------------ losing devices

    def lose(self, device: str) -> None:
        """Unplug ``speaker`` or ``mic``: programs that use it get an error."""
        users = "sink-input" if device == "speaker" else "source-output"
        streams = self._numbers(users, of=device)
        self._use_as_default("nowhere" if device == "speaker" else "nowhere.monitor")
        self._unload(device, [f"kill-{users} {number}" for number in streams])

    def restore(self, device: str, options: str = "") -> None:
        """Plug ``speaker`` or ``mic`` in again.

        Args:
            device: its name.
            options: of its module, such as ``rate=16000 channels=1 channel_map=mono`` for a headset's other profile.
        """
        given = dict(option.split("=", 1) for option in f"{_MODULES[device]} {options}".split()[1:])
        module = _MODULES[device].split()[0]
        self._control("load-module", module, *(f"{name}={value}" for name, value in given.items()))
        self._use_as_default(device)

    def rename(self, old: str, new: str) -> None:
        """Rename ``speaker``, or restore its name.

        For PulseAudio one device appears and another disappears; streams on the default device move to the new one.
        """
        module = _MODULES["speaker"].replace("sink_name=speaker", f"sink_name={new}")
        self._control("load-module", *module.split(" "))
        self._control("set-default-sink", new)
        self._unload(old, [])

    def stop_server(self) -> None:
        """Stop the sound server, and with it all devices."""
        self._server.close()

    def start_server(self) -> float:
        """Start the server; return when its devices were available (``time.monotonic``).

        That is when noise plays: until then a null sink's monitor delivers a block every two seconds.
        """
        self._start(self._server)
        self._use_as_default("speaker")
        self._use_as_default("mic")
        return self._server.enter_context(self._room_noise())

    def freeze(self, device: str, frozen: bool = True) -> None:
        """Let ``speaker`` or ``mic`` hang, or go on: neither errors nor callbacks."""
        self._control("suspend-sink" if device == "speaker" else "suspend-source", device, str(int(frozen)))

    def mute(self, muted: bool = True) -> None:
        """Mute the microphone, or unmute it: it delivers bit-exact zeros."""
        self._control("set-source-mute", "mic", str(int(muted)))

    # ------------------------------------------------------------ the server

    def _write_settings(self) -> None:
        (self._folder / "pulse").mkdir(mode=0o700)
        (self._folder / "asound.conf").write_text(_ALSA)
        self.environment = {
            "PULSE_SERVER": f"unix:{self._folder}/pulse/native",
            "ALSA_CONFIG_PATH": str(self._folder / "asound.conf"),
        }

    def _start(self, cleanup: contextlib.ExitStack) -> None:
        modules = ["module-native-protocol-unix auth-anonymous=1", "module-cli-protocol-unix", *_MODULES.values()]
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += [word for module in modules for word in ("-L", module)]
        private = {"XDG_RUNTIME_DIR": str(self._folder), "HOME": str(self._folder)}
        log = cleanup.enter_context((self._folder / "log").open("wb"))
        server = cleanup.enter_context(self._running(command, env=os.environ | private, stderr=log))

        def is_answering() -> bool:
            if server.poll() is not None:
                raise RuntimeError(f"pulseaudio ended:\n{(self._folder / 'log').read_text()}")
            return subprocess.run(["pactl", "info"], env=self._env, capture_output=True, check=False).returncode == 0

        _wait_until(is_answering, "PulseAudio to answer")

    @contextlib.contextmanager
    def _room_noise(self) -> Generator[float]:
        """Play noise while the server runs, which also keeps the null sink's latency short; yield when it started."""
        with self._player("room") as player:
            feeder = threading.Thread(target=_feed_forever, args=(player, self._noise().tobytes()))
            feeder.start()
            with self.recording() as recording:
                started = time.monotonic()
                size = recording.path.stat().st_size
                _wait_until(lambda: recording.path.stat().st_size > size + 4 * 4 * RATE // 4, "the noise")
            yield started
        feeder.join()

    def _noise(self) -> NDArray[np.float32]:
        level = 0.0 if self._noise_dbfs is None else 10 ** (self._noise_dbfs / 20)
        return np.random.default_rng(0).standard_normal(RATE, dtype=np.float32) * np.float32(level)

    @property
    def _env(self) -> dict[str, str]:
        return os.environ | self.environment

    def _player(self, sink: str, *file: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """Play a file, or what the process gets through its stdin."""
        options = ["--playback", f"--device={sink}", "--channels=1", f"--latency-msec={_PLAYER_MS}"]
        return self._running(["pacat", *options, *_RAW, *file], stdin=subprocess.PIPE)

    @contextlib.contextmanager
    def _running(self, command: list[str], **options: Any) -> Generator[subprocess.Popen[bytes]]:
        settings: dict[str, Any] = {"env": self._env, **options}
        process = cast("subprocess.Popen[bytes]", subprocess.Popen(command, **settings))
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
        """Return the numbers of the modules with ``of`` in their arguments, or of the streams on device ``of``."""
        rows = [row.split("\t") for row in self._control("list", "short", f"{kind}s").splitlines()]
        if kind == "module":
            return [row[0] for row in rows if of in f"{row[2]} "]
        devices = self._control("list", "short", "sinks" if kind == "sink-input" else "sources").splitlines()
        number = next(row.split("\t")[0] for row in devices if row.split("\t")[1] == of)
        return [row[0] for row in rows if row[1] == number]

    def _unload(self, device: str, kills: list[str]) -> None:
        """Unload a device, and at once end the streams that PulseAudio moves to another one."""
        module = self._numbers("module", of=f"_name={device} ")[0]
        self._command_line("\n".join([f"unload-module {module}", *kills]))

    def _command_line(self, command: str) -> None:
        """Run a command of PulseAudio's own command line: pactl cannot end a stream."""
        with socket.socket(socket.AF_UNIX) as cli:
            cli.settimeout(10)
            cli.connect(f"{self._folder}/pulse/cli")
            cli.sendall(f"{command}\n".encode())
            cli.shutdown(socket.SHUT_WR)
            while cli.recv(4096):  # until it is done
                pass


def find(sound: NDArray[np.float32], within: NDArray[np.float32]) -> int:
    """Return the sample at which ``sound`` begins in a longer recording: the peak of their cross-correlation."""
    size = len(within) + len(sound)
    product = np.fft.rfft(within, size) * np.conj(np.fft.rfft(sound, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(within)]))


class RoomRecording:
    """A recording of the room.

    Attributes:
        path: of the raw samples.
        channels: float32 at ``RATE``, shape ``[n, 4]``, after the recording; see ``SPEAKER`` and ``PERSON``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.channels = np.zeros((0, 4), dtype=np.float32)

    @property
    def speaker(self) -> NDArray[np.float32]:
        """What the speaker played."""
        return self.channels[:, SPEAKER]

    @property
    def person(self) -> NDArray[np.float32]:
        """What the person said."""
        return self.channels[:, PERSON]

    def load(self) -> None:
        """Read the samples from the file."""
        samples = np.fromfile(self.path, dtype=np.float32)
        self.channels = samples[: len(samples) // 4 * 4].reshape(-1, 4)

    def write(self, path: Path) -> None:
        """Write a stereo WAV: person left, speaker right."""
        soundfile.write(path, self.channels[:, [PERSON, SPEAKER]], RATE)


_RAW = ("--raw", "--format=float32le", f"--rate={RATE}")

_PLAYER_MS = 200
"""Buffer of what the test plays (ms): long, so a busy machine causes no gaps."""

_DRAIN_S = 0.2
"""Time in which the recorder writes what was played before its end (s)."""


def _feed_forever(player: subprocess.Popen[bytes], sound: bytes) -> None:
    assert player.stdin
    with contextlib.suppress(BrokenPipeError):
        while player.poll() is None:
            player.stdin.write(sound)


def _wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(0.02)
