"""Makes golden.json and speech.wav with the original packages' own front ends.

make_golden.py --pipecat DIR --models DIR
DIR of pipecat is the unpacked wheel pipecat-ai 1.14.0; DIR of models holds the two networks. Needs numpy, onnxruntime, soundfile and hibari-tts 0.2.1 (Apache-2.0, which speaks the test sentences).
"""
import argparse
import importlib.util
import json
import pathlib

import hibari
import numpy as np
import onnxruntime as ort
import soundfile as sf

a = argparse.ArgumentParser()
for name in ("pipecat", "models"):
    a.add_argument("--" + name, type=pathlib.Path, required=True)
a = a.parse_args()
here = pathlib.Path(__file__).parent


def resample(x):  # 24 kHz to 16 kHz; a test sound needs no better filter than this
    n = len(x) * 2 // 3
    lp = np.convolve(x, np.hanning(9) / np.hanning(9).sum(), "same")
    return np.interp(np.arange(n) * 1.5, np.arange(len(x)), lp)


voice = hibari.Hibari()
sentences = ["What is the capital of France?", "I would like to know whether the train to Boston leaves at nine."]
parts, spans, at = [], [], 0
for text in sentences:
    y = voice.synthesize(text) if hasattr(voice, "synthesize") else voice(text)
    y = y[0] if isinstance(y, tuple) else y
    y = resample(np.asarray(y, np.float64).ravel())
    loud = np.flatnonzero(np.abs(y) > 0.02)
    y = np.concatenate([y[: loud[-1] + 1], np.zeros(3200)])
    parts.append(y)
    spans.append([at, at + len(y)])
    at += len(y)
pcm = (np.clip(np.concatenate(parts), -1, 1) * 32767).astype(np.int16)
sf.write(here / "speech.wav", pcm, 16000, subtype="PCM_16")
x = pcm.astype(np.float32) / 32768

spec = importlib.util.spec_from_file_location(
    "features", a.pipecat / "pipecat/audio/turn/smart_turn/_whisper_features.py")
features = importlib.util.module_from_spec(spec)
spec.loader.exec_module(features)
smart = ort.InferenceSession(str(a.models / "smart-turn-v3.2-cpu.onnx"))

rng = np.random.default_rng(1)
cases = {
    "question": x[spans[0][0]:spans[0][1]],
    "statement": x[spans[1][0]:spans[1][1]],
    "cut off": np.concatenate([x[spans[1][0]:spans[1][0] + 25600], np.zeros(3200, np.float32)]),
    "both twice": np.concatenate([x, x]),  # longer than the window
    "short": x[4000:4100],
}
turns = []
for name, s in cases.items():
    w = s[-128000:] if len(s) > 128000 else np.pad(s, (128000 - len(s), 0))
    mel = features.compute_whisper_log_mel_features(w)
    points = [[int(m), int(f)] for m, f in zip(rng.integers(0, 80, 60), rng.integers(0, 800, 60))]
    points += [[m, f] for m in (0, 1, 79) for f in (0, 1, 799)]
    points += [[int(m), int(f)] for m, f in zip(rng.integers(0, 80, 60), rng.integers(700, 800, 60))]
    turns.append({"name": name, "mean": float(mel.mean()), "points": points,
                  "values": [float(mel[m, f]) for m, f in points],
                  "probability": float(smart.run(None, {"input_features": mel[None]})[0][0].item())})

vad = ort.InferenceSession(str(a.models / "silero_vad_16k_op15.onnx"))
state, context, probs = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32), []
for i in range(0, len(x) - 511, 512):
    h = np.concatenate([context, x[None, i:i + 512]], 1)
    p, state = vad.run(None, {"input": h, "state": state, "sr": np.array(16000, np.int64)})
    context = h[:, -64:]
    probs.append(float(p.item()))
json.dump({"spans": spans, "turns": turns, "speech": probs}, open(here / "golden.json", "w"), indent=0)
print(spans, [(t["name"], t["probability"]) for t in turns], np.round(probs, 2))
