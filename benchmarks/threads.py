"""Measures what busy neighbour processes cost whisper and llama, with and without spinning threads.

    python benchmarks/threads.py --neighbours 2

For each way of waiting and number of threads it prints the median and the worst milliseconds of one short
utterance through whisper tiny.en, and of a first clause (16 tokens of prompt, 9 of reply) from SmolLM2-135M.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

REPEATS = 6
WAYS = (("briefly", 1), ("briefly", 2), ("passive", 2), ("spinning", 2))
"""Ways of waiting and threads: spinning for microseconds (voicemate's setting), sleeping, and spinning for
milliseconds (OpenMP's default)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--neighbours", type=int, default=2, help="busy processes beside it")
    parser.add_argument("--inside", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(measure(arguments.inside)))
        return
    neighbours = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.neighbours)]
    try:
        print(
            f"{arguments.neighbours} busy neighbours, load {os.getloadavg()[0]:.1f}; median / worst of {REPEATS}, ms"
        )
        for waiting, threads in WAYS:
            command = [sys.executable, __file__, "--inside", str(threads)]
            environment = {**os.environ, "VOICEMATE_WAITING": waiting}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
            figures = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{waiting:8} {threads} threads  whisper {shown(figures['whisper'])}  llama {shown(figures['llama'])}"
            )
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()


def shown(times: list[float]) -> str:
    return f"{statistics.median(times):6.0f} / {max(times):6.0f}"


def measure(threads: int) -> dict[str, list[float]]:
    waiting = os.environ.get("VOICEMATE_WAITING")
    if waiting == "passive":
        os.environ["OMP_WAIT_POLICY"] = "passive"
    import voicemate  # sets how OpenMP waits, unless that is set

    if waiting == "spinning":
        del os.environ["GOMP_SPINCOUNT"]
    from voicemate.config.schema import LlmSettings
    from voicemate.core.worker_thread import Cancellation
    from voicemate.llm.llama.llama_cpp import LlamaContext
    from voicemate.models.catalog import ModelRole
    from voicemate.models.resolve import resolve
    from voicemate.stt.decoding import DecodeOptions, UtteranceDecoder
    from voicemate.stt.whisper_cpp import WhisperCpp
    from voicemate.testing.speech_corpus import load_corpus

    print(f"voicemate {voicemate.__version__}")
    times: dict[str, list[float]] = {"whisper": [], "llama": []}
    sound = next(clip for clip in load_corpus() if clip.transcript == "what time is it").pcm()
    whisper = WhisperCpp(resolve("whisper-tiny.en", ModelRole.STT), threads)
    for _ in range(REPEATS):
        began = time.perf_counter()
        UtteranceDecoder(
            whisper, sound, DecodeOptions(context=512, beam_size=1), "", Cancellation()
        ).decode_in_language("en")
        times["whisper"].append((time.perf_counter() - began) * 1000)
    whisper.close()
    llama = LlamaContext(resolve("smollm2-135m", ModelRole.LLM), LlmSettings(threads=threads, context=512))
    prompt = llama.tokenize("What do you like best about the sea, and what would you show me there first?")[:16]
    for _ in range(REPEATS):
        llama.clear()
        began = time.perf_counter()
        llama.append(prompt, scored=len(prompt) - 1)
        for token in prompt[:9]:
            llama.append([token], scored=0)
        times["llama"].append((time.perf_counter() - began) * 1000)
    llama.close()
    return times


if __name__ == "__main__":
    main()
