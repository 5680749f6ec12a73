"""Speaks every line of standard input with hibari-tts 0.2.1 and made-up noise, and writes for each the number of samples
(uint32) and the samples (float32), little endian: the other side of TestSoundAgainstPython.

    pip install "hibari-tts[fast]==0.2.1"
"""
import sys
import numpy as np
from hibari import Hibari


class Noise:
    """Numbers of variance 1 that Go makes just the same: splitmix64 of the position in [bin][frame][re, im]."""

    def standard_normal(self, shape, dtype):
        with np.errstate(over="ignore"):
            z = (np.arange(shape[0] * shape[1], dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
        unit = (z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1
        return (unit * np.sqrt(3)).astype(np.float32).reshape(shape)


def speak(voice, text):
    parts = [voice.from_ids(voice.ids(p), rng=Noise()) for p in voice.phonemize(text)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


if __name__ == "__main__":
    voice = Hibari()
    for line in sys.stdin:
        pcm = speak(voice, line.strip()).astype("<f4")
        sys.stdout.buffer.write(np.uint32(len(pcm)).astype("<u4").tobytes() + pcm.tobytes())
        sys.stdout.buffer.flush()
