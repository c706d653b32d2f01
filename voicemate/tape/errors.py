"""What can be wrong with a recording."""

from voicemate.errors import VoicemateError


class TapeError(VoicemateError):
    """A recording cannot be made, read or used."""

    exit_code = 14
