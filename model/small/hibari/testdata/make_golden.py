"""Writes what hibari-tts 0.2.1 makes of sentences.txt: phonemes.txt, a line for a line (its sentences joined by a blank),
and sound.i16, the sound of three short texts (see TestSoundGolden) as 16-bit samples, one after the other.

    pip install "hibari-tts[fast]==0.2.1"
    python make_golden.py
"""
import pathlib
import numpy as np
from hibari import Hibari
from reference import speak

here = pathlib.Path(__file__).parent
voice = Hibari()
lines = (here / "sentences.txt").read_text(encoding="utf-8").splitlines()
with open(here / "phonemes.txt", "w", encoding="utf-8") as f:
    for line in lines:
        f.write(" ".join(voice.phonemize(line)) + "\n")
sound = np.concatenate([speak(voice, text) for text in ("Yes.", "Hello there!", "Is it you?")])
np.round(sound * 32768).astype("<i2").tofile(here / "sound.i16")
