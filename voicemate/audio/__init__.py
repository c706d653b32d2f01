"""Audio in and out: devices, streams, the sample clock's blocks, and echo cancellation.

The way of a block, from PortAudio's callback to the conversation::

    input/input_callback.py    PortAudio's thread: copies the samples into a ring and wakes the loop
    input/stream_handover.py   the loop: reads the ring; two streams of one device become one
    input/stream.py            one device, with short or long buffers
    input/microphone.py        reopens a device that the watchdog finds faulty (devices/watchdog.py)
    input/framer.py            cuts samples into 32 ms blocks and anchors the sample clock (core/clock.py)
    resampler.py               called by the framer: the device's rate to 16 kHz
    conversation/session.py    iterates ``Microphone.blocks()``

The way out, from the conversation to PortAudio's callback::

    output/speaker.py          ``Speaker.play``: queues a clip; reopens and suspends the device
    output/mixer.py            queue, fades, exact positions; filled from by the callback
    output/output_callback.py  PortAudio's thread: fills the buffer and records what is in the air when
    output/aec_reference.py    what really left the speaker, on the sample clock, for the echo canceller

The callbacks copy and return: no locks, no logging, no decisions. All other calls of PortAudio are made in one thread
(``devices/portaudio.py``). ``aec/`` takes the character's own voice out of the microphone's blocks. The conversation
knows only the protocols of ``interfaces.py``.
"""
