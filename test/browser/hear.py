"""Reads WAV files aloud back into words with a recogniser that is not ours (Whisper base through CTranslate2).

    hear.py MODEL_FOLDER FILE.wav [CHANNEL]   prints the words of one channel (0 is the first)
"""

import sys
import wave

import numpy as np
from faster_whisper import WhisperModel


def main():
    folder, path, channel = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0
    with wave.open(path) as f:
        rate, channels = f.getframerate(), f.getnchannels()
        samples = np.frombuffer(f.readframes(f.getnframes()), "<i2").reshape(-1, channels)[:, channel] / 32768
    if rate % 16000:
        sys.exit(f"hear.py: {path} has {rate} Hz; want a multiple of 16000")
    step = rate // 16000
    samples = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1).astype("float32")
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=2)
    segments, _ = model.transcribe(samples, language="en", beam_size=1, condition_on_previous_text=False)
    print(" ".join(s.text.strip() for s in segments))


if __name__ == "__main__":
    main()
