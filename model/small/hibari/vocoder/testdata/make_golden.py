"""Writes vocoder.f32: what hibari-tts 0.2.1 makes of a spectrum of made-up numbers (see madeUp in vocoder_test.go).

    pip install "hibari-tts[fast]==0.2.1"
    python make_golden.py
"""
import pathlib
import numpy as np
from hibari import dsp

FRAMES, BINS = 24, 601


def mixed(part, n):
    with np.errstate(over="ignore"):
        z = (np.arange(n, dtype=np.uint64) + np.uint64((part << 32) + 1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1).astype(np.float32)


def matrix(part, scale, shift):
    return (mixed(part, BINS * FRAMES) * np.float32(scale) + np.float32(shift)).reshape(BINS, FRAMES)


class Noise:
    def standard_normal(self, shape, dtype):
        return (mixed(7, shape[0] * shape[1]) * np.float32(np.sqrt(2) * 1.2247449)).reshape(shape)


f0 = 180 + 60 * mixed(6, FRAMES)
f0[:3] = f0[-3:] = 0
sound = dsp.synth(matrix(1, 3, -2), matrix(2, 2, 0), matrix(3, 2, -5), matrix(4, 2, -4), matrix(5, 4, 0),
                  f0.astype(np.float32), Noise())
sound.astype("<f4").tofile(pathlib.Path(__file__).parent / "vocoder.f32")
