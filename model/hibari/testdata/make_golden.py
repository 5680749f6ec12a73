"""Writes phonemes.txt: what hibari-tts 0.2.1 makes of every line of sentences.txt (its sentences joined by a blank).

    pip install hibari-tts==0.2.1
    python make_golden.py
"""
import pathlib
from hibari import Hibari

here = pathlib.Path(__file__).parent
voice = Hibari()
lines = (here / "sentences.txt").read_text(encoding="utf-8").splitlines()
with open(here / "phonemes.txt", "w", encoding="utf-8") as f:
    for line in lines:
        f.write(" ".join(voice.phonemize(line)) + "\n")
