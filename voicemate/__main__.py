"""``python -m voicemate`` is the same as ``voicemate``."""

from voicemate.cli import main

if __name__ == "__main__":
    main()
