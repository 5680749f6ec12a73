"""Makes the small picture files of this folder, and beside each NAME.rgb: what Pillow makes of it. Run with Pillow 13.0.0."""
import struct
import sys
import zlib

import numpy as np
from PIL import Image

W, H = 13, 9
rng = np.random.default_rng(7)
grey = rng.integers(0, 256, (H, W), dtype=np.uint8)
rgb = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
rgba = rng.integers(0, 256, (H, W, 4), dtype=np.uint8)
flat = np.repeat(np.repeat(rng.integers(0, 256, (2, 2, 3), dtype=np.uint8), 16, 0), 16, 1)


def png16(name, colour, samples):
    """A PNG of 16 bits a channel, which Pillow does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", W, H, 16, colour, 0, 0, 0)
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def seen(name):
    """What the model's preprocessing makes of a file."""
    im = Image.open(name)
    if im.mode == "RGBA":
        white = Image.new("RGB", im.size, (255, 255, 255))
        white.paste(im, mask=im.split()[3])
        return white
    return im.convert("RGB")


palette = Image.fromarray(rgb).quantize(9)
wide = lambda *s: rng.integers(0, 65536, (H, W) + s)
files = {
    "bits.png": lambda n: Image.fromarray(grey > 128).save(n),
    "grey.png": lambda n: Image.fromarray(grey).save(n),
    "grey-key.png": lambda n: Image.fromarray(grey).save(n, transparency=int(grey[0, 0])),
    "grey-alpha.png": lambda n: Image.fromarray(rgba[:, :, :2].copy(), "LA").save(n),
    "grey16.png": lambda n: png16(n, 0, wide() >> rng.integers(0, 9, (H, W))),
    "grey16-alpha.png": lambda n: png16(n, 4, wide(2)),
    "rgb.png": lambda n: Image.fromarray(rgb).save(n),
    "rgb-key.png": lambda n: Image.fromarray(rgb).save(n, transparency=tuple(int(v) for v in rgb[0, 0])),
    "rgb16.png": lambda n: png16(n, 2, wide(3)),
    "rgba.png": lambda n: Image.fromarray(rgba).save(n),
    "rgba16.png": lambda n: png16(n, 6, wide(4)),
    "palette.png": lambda n: palette.save(n),
    "palette-key.png": lambda n: palette.save(n, transparency=bytes([0, 128, 255])),
    "palette.gif": lambda n: palette.save(n),
    "palette-key.gif": lambda n: palette.save(n, transparency=1),
    "rgb.webp": lambda n: Image.fromarray(rgb).save(n, lossless=True),
    "rgba.webp": lambda n: Image.fromarray(rgba).save(n, lossless=True, exact=True),
    "grey.jpg": lambda n: Image.fromarray(flat[:, :, 0]).save(n, quality=100),
    "rgb.jpg": lambda n: Image.fromarray(flat).save(n, quality=100, subsampling=0),
    "cmyk.jpg": lambda n: Image.fromarray(flat).convert("CMYK").save(n, quality=100),
}
for name, make in files.items():
    make(name)
    im = seen(name)
    with open(name + ".rgb", "wb") as f:
        f.write(im.tobytes())
    print(name, Image.open(name).mode, im.size, file=sys.stderr)
