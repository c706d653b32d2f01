"""A PulseAudio server of the tests' own, and PortAudio on top of it."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from voicemate.audio.devices.portaudio import PortAudio
from voicemate.testing.pulseaudio_room import PulseAudioRoom, available


@pytest.fixture(scope="session")
def pulse_room() -> Iterator[PulseAudioRoom]:
    """The virtual room; this process and its children use its devices by default."""
    if not available():
        pytest.skip("PulseAudio is not installed (Debian: pulseaudio pulseaudio-utils libasound2-plugins)")
    with PulseAudioRoom() as room, pytest.MonkeyPatch.context() as patch:
        for name, value in room.environment.items():
            patch.setitem(os.environ, name, value)
        yield room


@pytest_asyncio.fixture
async def host(pulse_room: PulseAudioRoom) -> AsyncIterator[PortAudio]:
    """PortAudio as it finds the virtual room; whatever a test leaves open is closed."""
    host = PortAudio()
    generation = await host.rescan(0)
    yield host
    await host.rescan(generation)
