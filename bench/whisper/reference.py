"""The reference side of this benchmark: reads paths of WAV files, writes processor ms, wall ms and text of each.

    reference.py MODEL_DIR COMPUTE_TYPE THREADS
"""

import sys
import time

from faster_whisper import WhisperModel, decode_audio

model = WhisperModel(sys.argv[1], device="cpu", compute_type=sys.argv[2], cpu_threads=int(sys.argv[3]))


def hear(pcm):
    parts, _ = model.transcribe(
        pcm, language="en", beam_size=1, temperature=0.0, without_timestamps=True,
        condition_on_previous_text=False, vad_filter=False,
    )
    return "".join(p.text for p in parts).strip()


warm = False
for line in sys.stdin:
    pcm = decode_audio(line.strip())
    if not warm:
        hear(pcm)
        warm = True
    cpu, wall = time.process_time(), time.perf_counter()
    text = hear(pcm)
    print(f"{(time.process_time() - cpu) * 1e3:.1f}\t{(time.perf_counter() - wall) * 1e3:.1f}\t{text}", flush=True)
