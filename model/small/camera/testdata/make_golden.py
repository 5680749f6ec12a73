"""Makes the test pictures and golden.json.

make_golden.py --skimage DIR --models DIR
DIR of skimage is the unpacked wheel scikit-image 0.24.0, DIR of models holds efficientnet-lite0.pth. Needs numpy and
pillow. The photographs are free of rights: chelsea.png (Stefan van der Walt, CC0), coffee.png (Rachel Michetti, CC0),
rocket.jpg (SpaceX, CC0). The pictures with text are drawn here.
"""
import argparse
import collections
import json
import pathlib
import pickle

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

a = argparse.ArgumentParser()
a.add_argument("--skimage", type=pathlib.Path, required=True)
a.add_argument("--models", type=pathlib.Path, required=True)
a = a.parse_args()
here = pathlib.Path(__file__).parent


def save(img, name):
    img.convert("RGB").save(here / name, quality=88)


for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
    img = Image.open(a.skimage / "skimage/data" / name).convert("RGB")
    img.thumbnail((400, 400), Image.BICUBIC)
    save(img, pathlib.Path(name).stem + ".jpg")


def page(size, ground, texts, angle=0):
    """texts are (x, y, height, colour, words)."""
    rng = np.random.default_rng(3)
    img = Image.new("RGB", size, ground)
    d = ImageDraw.Draw(img)
    for x, y, h, colour, words in texts:
        d.text((x, y), words, fill=colour, font=ImageFont.load_default(size=h))
    if angle:
        img = img.rotate(angle, Image.BICUBIC, fillcolor=ground)
    img = img.filter(ImageFilter.GaussianBlur(0.7))
    noisy = np.asarray(img, np.float32) + rng.normal(0, 4, (size[1], size[0], 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


save(page((640, 480), (150, 40, 40), [(180, 180, 64, "white", "CAFE NOIR")]), "sign.jpg")
save(page((640, 480), (235, 235, 225), [
    (60, 60, 40, "black", "Meeting notes"),
    (60, 150, 28, "black", "Call Anna at 14:30"),
    (60, 210, 28, "black", "Room 207, second floor"),
    (420, 210, 28, (0, 0, 160), "bring tea"),
]), "notes.jpg")
save(page((640, 480), (230, 230, 60), [(120, 200, 56, "black", "Exit to Platform 4")], angle=12), "slanted.jpg")


# The network once more, in numpy, as an independent reference.
class Storage:
    def __init__(self, kind, key):
        self.kind, self.key = kind, key


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if name == "OrderedDict":
            return collections.OrderedDict
        if name == "_rebuild_tensor_v2":
            return lambda s, off, shape, stride, *_: (s, off, shape, stride)
        return name

    def persistent_load(self, pid):
        return Storage(pid[1], pid[2])


with open(a.models / "efficientnet-lite0.pth", "rb") as f:
    for _ in range(3):
        Reader(f).load()
    state, keys, data = Reader(f).load(), Reader(f).load(), {}
    kinds = {v[0].key: v[0].kind for v in state.values()}
    for k in keys:
        n = int(np.frombuffer(f.read(8), np.int64)[0])
        t = np.float32 if kinds[k] == "FloatStorage" else np.int64
        data[k] = np.frombuffer(f.read(n * np.dtype(t).itemsize), t)
w = {}
for name, (s, off, shape, stride) in state.items():
    d = data[s.key][off:]
    w[name] = np.lib.stride_tricks.as_strided(d, shape, [x * d.itemsize for x in stride])


def conv(x, name, stride=1, depthwise=False):
    k = w[name + ".weight"]
    size = k.shape[-1]
    after = -(-x.shape[-1] // stride)
    pad = max((after - 1) * stride + size - x.shape[-1], 0)
    x = np.pad(x, ((0, 0), (pad // 2, pad - pad // 2), (pad // 2, pad - pad // 2)))
    v = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,cij->chw", v, k[:, 0]) if depthwise else np.tensordot(k, v.transpose(0, 3, 4, 1, 2), 3)


def norm(x, name):
    g = w[name + ".weight"] / np.sqrt(w[name + ".running_var"] + 1e-3)
    return x * g[:, None, None] + (w[name + ".bias"] - w[name + ".running_mean"] * g)[:, None, None]


def relu6(x):
    return np.clip(x, 0, 6)


def network(x):
    x = relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    i = 0
    for repeats, stride in ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)):
        for r in range(repeats):
            n, y = f"_blocks.{i}.", x
            if n + "_expand_conv.weight" in w:
                y = relu6(norm(conv(y, n + "_expand_conv"), n + "_bn0"))
            y = relu6(norm(conv(y, n + "_depthwise_conv", stride if r == 0 else 1, True), n + "_bn1"))
            y = norm(conv(y, n + "_project_conv"), n + "_bn2")
            x = x + y if y.shape == x.shape and (r > 0 or stride == 1) else y
            i += 1
    x = relu6(norm(conv(x, "_conv_head"), "_bn1")).mean((1, 2))
    return w["_fc.weight"] @ x + w["_fc.bias"]


c, y, x = np.meshgrid(np.arange(3), np.arange(224), np.arange(224), indexing="ij")
pattern = np.sin(0.05 * x * (c + 1) + 0.03 * y).astype(np.float32)
logits = network(pattern)
photos = {}
for name in ("chelsea", "coffee", "rocket"):
    img = Image.open(here / (name + ".jpg"))
    s = 0.875 * min(img.size)
    cx, cy = img.width / 2, img.height / 2
    square = (cx - s / 2, cy - s / 2, cx + s / 2, cy + s / 2)
    x = np.stack([c.convert("F").resize((224, 224), Image.BILINEAR, square) for c in img.split()])  # not rounded to bytes
    z = network((x - 127) / 128)
    p = np.exp(z - z.max())
    p /= p.sum()
    photos[name] = {int(i): float(p[i]) for i in np.argsort(-p)[:5]}
y, x, c = np.meshgrid(np.arange(40), np.arange(50), np.arange(3), indexing="ij")
small = Image.fromarray(((x * x * (c + 1) + 13 * y * y) // 8 % 256).astype(np.uint8))
sizes = {}
for size in ((24, 20), (70, 55), (7, 90)):
    small_again = small.resize(size, Image.BILINEAR, (3.5, 2.25, 47.75, 38))
    sizes[f"{size[0]}x{size[1]}"] = np.asarray(small_again).transpose(2, 0, 1).ravel()[::17].tolist()
json.dump({"resized": sizes, "logits": [float(v) for v in logits[::25]], "photos": photos}, open(here / "golden.json", "w"))
print(photos)
