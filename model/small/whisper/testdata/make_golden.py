"""Makes the reference data of this package's tests.

    python make_golden.py speech VOICE.onnx      # speech/NN.wav: sentences.txt spoken by a Piper voice, 16 kHz mu-law
    python make_golden.py words MODEL_DIR        # words.json: what faster-whisper hears in them
    python make_golden.py network MODEL_DIR      # network.json: features, encoder rows and tokens of the first sentence

MODEL_DIR holds the CTranslate2 model. Reference: faster-whisper 1.2.1 on ctranslate2 4.8.5 in float32, beam 1,
temperature 0, no timestamps, no prompt. Needs piper-tts, sox, faster-whisper and numpy.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np

here = pathlib.Path(__file__).parent


def clips():
    return sorted((here / "speech").glob("*.wav"))


def speech(voice):
    (here / "speech").mkdir(exist_ok=True)
    for i, text in enumerate((here / "sentences.txt").read_text().split("\n")[:-1]):
        subprocess.run([sys.executable, "-m", "piper", "-m", voice, "-f", "/tmp/clip.wav"], input=text.encode(), check=True)
        out = here / "speech" / f"{i:02}.wav"
        subprocess.run(["sox", "-D", "/tmp/clip.wav", "-r", "16000", "-c", "1", "-e", "mu-law", out], check=True)


def samples(path):
    raw = subprocess.run(["sox", path, "-t", "raw", "-e", "signed", "-b", "16", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, "<i2").astype(np.float32) / 32768


def open_model(folder):
    from faster_whisper import WhisperModel

    return WhisperModel(folder, device="cpu", compute_type="float32", cpu_threads=1)


def hear(model, pcm):
    parts, _ = model.transcribe(
        pcm, language="en", beam_size=1, temperature=0.0, without_timestamps=True,
        condition_on_previous_text=False, initial_prompt=None, vad_filter=False,
    )
    return list(parts)


def words(folder):
    model, out = open_model(folder), []
    for path in clips():
        out.append("".join(p.text for p in hear(model, samples(path))).strip())
        print(path.name, out[-1], flush=True)
    (here / "words.json").write_text(json.dumps(out, indent=0, ensure_ascii=False) + "\n")


def network(folder):
    model = open_model(folder)
    pcm = samples(clips()[0])
    features = model.feature_extractor(pcm)
    whole = np.zeros((80, 3000), np.float32)
    whole[:, : features.shape[1]] = features
    states = np.array(model.encode(whole))[0]
    parts = hear(model, pcm)
    rows = [0, 1, 30, 75, 700, 1499]
    frames = [0, 1, 50, features.shape[1] - 1]
    out = {
        "frames": frames, "features": [[round(float(v), 5) for v in features[:, i]] for i in frames],
        "rows": rows, "states": [[round(float(v), 5) for v in states[i]] for i in rows],
        "tokens": [t for p in parts for t in p.tokens],
        "log_prob": parts[0].avg_logprob, "no_speech": parts[0].no_speech_prob,
    }
    (here / "network.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    {"speech": speech, "words": words, "network": network}[sys.argv[1]](sys.argv[2])
