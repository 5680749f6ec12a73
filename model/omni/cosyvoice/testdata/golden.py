"""A plain PyTorch form of CosyVoice 2's flow network and vocoder, written from the description in the papers.

  golden.py check SHARED   compares it with the reference's stored values (folders cosyvoice2_* in SHARED/golden)
  golden.py make DIR       writes folders of the same form with smaller networks of other dimensions

What `make` writes is what verify/testdata holds. Needs torch and safetensors.
"""
import json
import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


class Weights:
    """Tensors by name, in the type that is computed in."""

    def __init__(self, tensors, dtype):
        self.t = {k: v.to(dtype) for k, v in tensors.items()}

    def __getitem__(self, name):
        if name.endswith(".weight") and name not in self.t:
            stem = name[: -len("weight")] + "parametrizations.weight.original"
            g, v = self.t[stem + "0"], self.t[stem + "1"]
            return v * (g / v.norm(dim=(1, 2), keepdim=True))
        return self.t[name]

    def linear(self, x, name, bias=True):
        return F.linear(x, self[name + ".weight"], self[name + ".bias"] if bias else None)

    def norm(self, x, name, eps):
        return F.layer_norm(x, x.shape[-1:], self[name + ".weight"], self[name + ".bias"], eps)

    def conv(self, x, name, **how):  # x: channels, time
        return F.conv1d(x[None], self[name + ".weight"], self[name + ".bias"], **how)[0]


class Flow:
    def __init__(self, config, weights, dtype):
        self.c, self.w, self.dtype = config, Weights(weights, dtype), dtype
        self.seen = {}

    def positions(self, n, width):
        r = torch.arange(n - 1, -n, -1, dtype=torch.float32)[:, None]
        f = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * -(math.log(10000.0) / width))
        return torch.stack([torch.sin(r * f), torch.cos(r * f)], dim=2).reshape(2 * n - 1, width).to(self.dtype)

    def attention(self, x, p, heads, mask):
        n, width = x.shape
        d = width // heads
        split = lambda t: t.view(-1, heads, d).transpose(0, 1)
        q, k, v = (self.w.linear(x, p + "linear_" + n_).view(n, heads, d) for n_ in "qkv")
        pos = split(self.w.linear(self.positions(n, width), p + "linear_pos", bias=False))
        by_key = (q + self.w[p + "pos_bias_u"]).transpose(0, 1) @ k.permute(1, 2, 0)
        by_pos = (q + self.w[p + "pos_bias_v"]).transpose(0, 1) @ pos.transpose(1, 2)
        at = (n - 1 - torch.arange(n)[:, None] + torch.arange(n)[None]).expand(heads, n, n)
        scores = (by_key + by_pos.gather(2, at)) / math.sqrt(d)
        y = scores.masked_fill(~mask, -math.inf).softmax(-1) @ v.transpose(0, 1)
        return self.w.linear(y.transpose(0, 1).reshape(n, width), p + "linear_out")

    def conformer(self, x, p, mask):
        x = x + self.attention(self.w.norm(x, p + "norm_mha", 1e-12), p + "self_attn.", self.c["encoder"]["attention_heads"], mask)
        h = F.silu(self.w.linear(self.w.norm(x, p + "norm_ff", 1e-12), p + "feed_forward.w_1"))
        return x + self.w.linear(h, p + "feed_forward.w_2")

    def embed(self, x, p):
        y = self.w.norm(self.w.linear(x, p + "out.0"), p + "out.1", 1e-5)
        return y * math.sqrt(y.shape[-1])

    @staticmethod
    def mask(n, chunk):
        i = torch.arange(n)
        return (i[None] < (i[:, None] // chunk + 1) * chunk) if chunk else torch.ones(n, n, dtype=torch.bool)

    def encode(self, tokens, ahead, chunk):
        c, e = self.c, self.c["encoder"]
        n = len(tokens)
        x = self.w["input_embedding.weight"][torch.cat([tokens, ahead])]
        self.seen["embedding"] = x[:n]
        x = self.embed(x, "encoder.embed.")
        self.seen["embed"] = x[:n]
        y = F.pad(x.T, (0, n + c["pre_lookahead_len"] - len(x)))
        y = F.leaky_relu(self.w.conv(y, "encoder.pre_lookahead_layer.conv1"))
        y = self.w.conv(F.pad(y, (2, 0)), "encoder.pre_lookahead_layer.conv2")
        x = self.seen["pre_lookahead"] = y.T + x[:n]
        for i in range(e["num_blocks"]):
            x = self.conformer(x, f"encoder.encoders.{i}.", self.mask(n, chunk))
            self.seen.setdefault("encoder0", x)
        self.seen["encoder_last"] = x
        r = c["token_mel_ratio"]
        y = F.pad(x.T.repeat_interleave(r, 1), (2 * r, 0))
        y = self.seen["up_layer"] = self.w.conv(y, "encoder.up_layer.conv")
        x = self.seen["up_embed"] = self.embed(y.T, "encoder.up_embed.")
        for i in range(e["num_up_blocks"]):
            x = self.conformer(x, f"encoder.up_encoders.{i}.", self.mask(r * n, r * chunk))
        x = self.seen["encoder_out"] = self.w.norm(x, "encoder.after_norm", 1e-5)
        return self.w.linear(x, "encoder_proj")

    def causal(self, x, p):
        y = self.w.conv(F.pad(x, (2, 0)), p + "block.0")
        return F.mish(self.w.norm(y.T, p + "block.2", 1e-5)).T

    def transformer(self, x, p, mask):
        s = self.c["estimator"]
        h, n = self.w.norm(x, p + "norm1", 1e-5), len(x)
        q, k, v = (self.w.linear(h, p + "attn1.to_" + m, bias=False).view(n, s["num_heads"], -1).transpose(0, 1) for m in "qkv")
        scores = (q @ k.transpose(1, 2)) / math.sqrt(s["attention_head_dim"])
        y = scores.masked_fill(~mask, -math.inf).softmax(-1) @ v
        x = x + self.w.linear(y.transpose(0, 1).reshape(n, -1), p + "attn1.to_out.0")
        h = F.gelu(self.w.linear(self.w.norm(x, p + "norm3", 1e-5), p + "ff.net.0.proj"))
        return x + self.w.linear(h, p + "ff.net.2")

    def level(self, x, p, t, mask, name=None):
        h = self.causal(x, p + "0.block1.") + self.w.linear(F.mish(t), p + "0.mlp.1")[:, None]
        x = self.causal(h, p + "0.block2.") + self.w.conv(x, p + "0.res_conv")
        if name:
            self.seen.setdefault("down_resnet_step0", x)
        x = x.T
        for i in range(self.c["estimator"]["n_blocks"]):
            x = self.transformer(x, f"{p}1.{i}.", mask)
            if name:
                self.seen.setdefault("down_attn_step0", x)
        return x.T

    def estimate(self, x, t, mask):
        s, p = self.c["estimator"], "decoder.estimator."
        half = s["in_channels"] // 2
        f = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000) / (half - 1)))
        a = (1000 * t * f)
        t = self.w.linear(torch.cat([a.sin(), a.cos()]).to(self.dtype), p + "time_mlp.linear_1")
        t = self.w.linear(F.silu(t), p + "time_mlp.linear_2")
        self.seen.setdefault("time_mlp_step0", t)
        skip = x = self.level(x, p + "down_blocks.0.", t, mask, "down")
        x = self.w.conv(F.pad(x, (2, 0)), p + "down_blocks.0.2")
        for i in range(s["num_mid_blocks"]):
            x = self.level(x, f"{p}mid_blocks.{i}.", t, mask)
        x = self.level(torch.cat([x, skip]), p + "up_blocks.0.", t, mask)
        x = self.w.conv(F.pad(x, (2, 0)), p + "up_blocks.0.2")
        return self.w.conv(self.causal(x, p + "final_block."), p + "final_proj")

    def times(self):
        m = self.c["cfm"]
        t = torch.linspace(0, 1, m["n_timesteps"] + 1)
        return 1 - torch.cos(t * 0.5 * torch.pi)

    def mel(self, voice, tokens, noise, chunk=0, ahead=()):
        """voice: speaker vector, prompt tokens, prompt frames. Returns bands, frames behind the prompt's."""
        speaker, prompt, frames = voice
        self.seen = {}
        tokens = torch.cat([prompt, tokens]).long()
        mu = self.seen["mu"] = self.encode(tokens, torch.as_tensor(ahead).long(), chunk)
        color = self.seen["spk"] = self.w.linear(F.normalize(speaker.to(self.dtype), dim=0), "spk_embed_affine_layer")
        n = len(mu)
        known = torch.zeros(mu.shape[1], n, dtype=self.dtype)
        known[:, : len(frames)] = frames.T.to(self.dtype)
        x = noise[:, :n].to(self.dtype)
        mask = self.mask(n, self.c["token_mel_ratio"] * chunk)
        span, steps, guidance = self.times(), [], self.c["cfm"]["inference_cfg_rate"]
        t = span[0]
        for i in range(1, len(span)):
            steps.append(x)
            blind = torch.zeros_like(x)
            a = self.estimate(torch.cat([x, mu.T, color[:, None].expand(-1, n), known]), t, mask)
            b = self.estimate(torch.cat([x, blind, blind, blind]), t, mask)
            self.seen[f"velocity_step{i - 1}"] = torch.stack([a, b])
            dt = span[i] - t
            x = x + dt * ((1 + guidance) * a - guidance * b)
            t = t + dt
        self.seen["x_steps"] = torch.stack(steps)
        return x[:, len(frames):]


class HiFT:
    def __init__(self, config, weights, dtype, table):
        self.c, self.w, self.dtype, self.table = config, Weights(weights, dtype), dtype, table.to(dtype)
        self.seen = {}
        self.per = config["istft_params"]["hop_len"] * math.prod(config["upsample_rates"])
        self.window = torch.hann_window(config["istft_params"]["n_fft"], dtype=dtype)

    def f0(self, mel):
        x = mel.to(self.dtype)
        for i in range(5):
            x = F.elu(self.w.conv(x, f"f0_predictor.condnet.{2 * i}", padding=1))
        return self.w.linear(x.T, "f0_predictor.classifier")[:, 0].abs()

    def source(self, f0):
        c, n = self.c, self.per * len(f0)
        k = torch.arange(1, c["nb_harmonics"] + 2, dtype=self.dtype)
        turns = (f0[:, None] * k / c["sampling_rate"]) % 1
        sums = (turns.cumsum(0) * 2 * torch.pi * self.per).T[None]
        phase = F.interpolate(sums, scale_factor=self.per, mode="linear")[0].T
        voiced = (f0.repeat_interleave(self.per) > c["nsf_voiced_threshold"]).to(self.dtype)[:, None]
        noise = self.table[torch.arange(n) % len(self.table)]
        sine = c["nsf_alpha"] * phase.sin() * voiced + (voiced * c["nsf_sigma"] + (1 - voiced) * c["nsf_alpha"] / 3) * noise
        self.seen["sine"] = sine
        return torch.tanh(self.w.linear(sine, "m_source.l_linear"))[:, 0]

    def snakes(self, x, p, kernel, dilations):
        def snake(x, name):
            a = self.w[name + ".alpha"][:, None]
            return x + (a * x).sin() ** 2 / (a + 1e-9)

        for i, d in enumerate(dilations):
            y = self.w.conv(snake(x, f"{p}activations1.{i}"), f"{p}convs1.{i}", dilation=d, padding=(kernel - 1) // 2 * d)
            x = x + self.w.conv(snake(y, f"{p}activations2.{i}"), f"{p}convs2.{i}", padding=(kernel - 1) // 2)
        return x

    def decode(self, mel, source):
        c, s = self.c, self.c["istft_params"]
        how = dict(n_fft=s["n_fft"], hop_length=s["hop_len"], win_length=s["n_fft"], window=self.window)
        z = torch.stft(source.to(self.dtype), return_complex=True, **how)
        spectra = self.seen["source_stft"] = torch.cat([z.real, z.imag])
        x = self.seen["conv_pre"] = self.w.conv(mel.to(self.dtype), "conv_pre", padding=3)
        blocks = len(c["resblock_kernel_sizes"])
        for i, (rate, kernel) in enumerate(zip(c["upsample_rates"], c["upsample_kernel_sizes"])):
            x = F.leaky_relu(x, c["lrelu_slope"])
            x = F.conv_transpose1d(x[None], self.w[f"ups.{i}.weight"], self.w[f"ups.{i}.bias"], stride=rate, padding=(kernel - rate) // 2)[0]
            if i == 0:
                self.seen["up0"] = x
            if i == len(c["upsample_rates"]) - 1:
                x = torch.cat([x[:, 1:2], x], 1)
            rest = math.prod(c["upsample_rates"][i + 1:])
            y = self.w.conv(spectra, f"source_downs.{i}", stride=rest, padding=0 if rest == 1 else rest // 2)
            z = self.snakes(y, f"source_resblocks.{i}.", c["source_resblock_kernel_sizes"][i], c["source_resblock_dilation_sizes"][i])
            x = x + z
            all_ = [self.snakes(x, f"resblocks.{i * blocks + j}.", k, c["resblock_dilation_sizes"][j]) for j, k in enumerate(c["resblock_kernel_sizes"])]
            if i == 0:
                self.seen.update(source_down0=y, source_res0=z, resblock0=all_[0])
            x = sum(all_) / blocks
        x = self.seen["conv_post"] = self.w.conv(F.leaky_relu(x), "conv_post", padding=3)
        bins = s["n_fft"] // 2 + 1
        size, angle = x[:bins].exp().clamp(max=100), x[bins:].sin()
        wave = torch.istft(torch.complex(size * angle.cos(), size * angle.sin()), **how)
        return wave.clamp(-c["audio_limit"], c["audio_limit"])


def stream(flow, hift, voice, tokens, noise, schedule, chunk, frames=8):
    """The reference's calls, one after the other; each sees all units given so far."""
    out, held = [], None
    for call in schedule:
        given = tokens[: call["tokens_given"]]
        if call["finalize"]:
            mel = flow.mel(voice, given, noise, chunk if call["stream"] else 0)
        else:
            n = len(given) - flow.c["pre_lookahead_len"]
            mel = flow.mel(voice, given[:n], noise, chunk, given[n:])
        mel = mel[:, call["token_offset"] * flow.c["token_mel_ratio"]:]
        if held:
            mel = torch.cat([held[0], mel], 1)
        source = hift.source(hift.f0(mel))
        if held:
            source[: len(held[1])] = held[1]
        wave, keep = hift.decode(mel, source), frames * hift.per
        if held:
            w = torch.hamming_window(2 * keep, periodic=False, dtype=wave.dtype)
            wave = torch.cat([wave[:keep] * w[:keep] + held[2] * w[keep:], wave[keep:]])
        if not call["finalize"]:
            held = mel[:, -frames:], source[-keep:], wave[-keep:]
            wave = wave[:-keep]
        out.append(wave)
    return out


def flow_shapes(c):
    e, s, w = c["encoder"], c["estimator"], c["encoder"]["output_size"]
    out = {"input_embedding.weight": (c["vocab_size"], c["input_size"])}

    def pair(name, *shape):
        out[name + ".weight"], out[name + ".bias"] = shape, shape[:1]

    pair("spk_embed_affine_layer", c["output_size"], c["spk_embed_dim"])
    pair("encoder_proj", c["output_size"], w)
    for name, width in ("embed", c["input_size"]), ("up_embed", w):
        pair(f"encoder.{name}.out.0", w, width)
        pair(f"encoder.{name}.out.1", w)
    pair("encoder.after_norm", w)
    pair("encoder.pre_lookahead_layer.conv1", w, w, c["pre_lookahead_len"] + 1)
    pair("encoder.pre_lookahead_layer.conv2", w, w, 3)
    pair("encoder.up_layer.conv", w, w, 2 * c["token_mel_ratio"] + 1)
    for name, n in ("encoders", e["num_blocks"]), ("up_encoders", e["num_up_blocks"]):
        for i in range(n):
            p = f"encoder.{name}.{i}."
            for m in "q", "k", "v", "out":
                pair(p + "self_attn.linear_" + m, w, w)
            out[p + "self_attn.linear_pos.weight"] = (w, w)
            for m in "uv":
                out[p + "self_attn.pos_bias_" + m] = (e["attention_heads"], w // e["attention_heads"])
            pair(p + "feed_forward.w_1", e["linear_units"], w)
            pair(p + "feed_forward.w_2", w, e["linear_units"])
            pair(p + "norm_mha", w)
            pair(p + "norm_ff", w)
    p, w, inner = "decoder.estimator.", s["channels"][0], s["num_heads"] * s["attention_head_dim"]
    pair(p + "time_mlp.linear_1", s["time_embed_dim"], s["in_channels"])
    pair(p + "time_mlp.linear_2", s["time_embed_dim"], s["time_embed_dim"])

    def causal(name, width):
        pair(name + "block.0", w, width, 3)
        pair(name + "block.2", w)

    def level(name, width):
        causal(name + "0.block1.", width)
        causal(name + "0.block2.", w)
        pair(name + "0.mlp.1", w, s["time_embed_dim"])
        pair(name + "0.res_conv", w, width, 1)
        for i in range(s["n_blocks"]):
            t = f"{name}1.{i}."
            for m in "qkv":
                out[f"{t}attn1.to_{m}.weight"] = (inner, w)
            pair(t + "attn1.to_out.0", w, inner)
            pair(t + "ff.net.0.proj", 4 * w, w)
            pair(t + "ff.net.2", w, 4 * w)
            pair(t + "norm1", w)
            pair(t + "norm3", w)

    level(p + "down_blocks.0.", s["in_channels"])
    level(p + "up_blocks.0.", 2 * w)
    for i in range(s["num_mid_blocks"]):
        level(f"{p}mid_blocks.{i}.", w)
    pair(p + "down_blocks.0.2", w, w, 3)
    pair(p + "up_blocks.0.2", w, w, 3)
    causal(p + "final_block.", w)
    pair(p + "final_proj", s["out_channels"], w, 1)
    return out


def hift_shapes(c):
    out, bins = {}, c["istft_params"]["n_fft"] + 2

    def pair(name, *shape):
        out[name + ".weight"], out[name + ".bias"] = shape, shape[:1]

    def normed(name, outs, *shape):
        out[name + ".parametrizations.weight.original0"] = (shape[0], 1, 1)
        out[name + ".parametrizations.weight.original1"] = shape
        out[name + ".bias"] = (outs,)

    def snakes(name, width, kernel, dilations):
        for i in range(len(dilations)):
            for m in "12":
                normed(f"{name}convs{m}.{i}", width, width, width, kernel)
                out[f"{name}activations{m}.{i}.alpha"] = (width,)

    width = c["in_channels"]
    for i in range(5):
        normed(f"f0_predictor.condnet.{2 * i}", c["f0_cond_channels"], c["f0_cond_channels"], width, 3)
        width = c["f0_cond_channels"]
    pair("f0_predictor.classifier", 1, width)
    pair("m_source.l_linear", 1, c["nb_harmonics"] + 1)
    normed("conv_pre", c["base_channels"], c["base_channels"], c["in_channels"], 7)
    blocks = len(c["resblock_kernel_sizes"])
    for i, kernel in enumerate(c["upsample_kernel_sizes"]):
        width, rest = c["base_channels"] >> (i + 1), math.prod(c["upsample_rates"][i + 1:])
        normed(f"ups.{i}", width, 2 * width, width, kernel)
        pair(f"source_downs.{i}", width, bins, 1 if rest == 1 else 2 * rest)
        snakes(f"source_resblocks.{i}.", width, c["source_resblock_kernel_sizes"][i], c["source_resblock_dilation_sizes"][i])
        for j, k in enumerate(c["resblock_kernel_sizes"]):
            snakes(f"resblocks.{i * blocks + j}.", width, k, c["resblock_dilation_sizes"][j])
    normed("conv_post", bins, bins, c["base_channels"] >> len(c["upsample_rates"]), 7)
    return out


def random_weights(shapes):
    out = {}
    for name, shape in shapes.items():
        x = torch.randn(shape)
        if len(shape) > 1 and not name.endswith("original0"):
            x *= math.prod(shape[1:]) ** -0.5
        elif name.endswith((".weight", ".alpha", "original0")):
            x = 1 + 0.2 * x
        else:
            x *= 0.1
        out[name] = x
    return out


FLOW = {
    "input_size": 20, "output_size": 14, "spk_embed_dim": 9, "vocab_size": 61, "token_mel_ratio": 2, "pre_lookahead_len": 2,
    "encoder": {"output_size": 24, "attention_heads": 4, "linear_units": 30, "num_blocks": 1, "num_up_blocks": 2, "static_chunk_size": 6},
    "estimator": {
        "in_channels": 56, "out_channels": 14, "channels": [20], "attention_head_dim": 6, "n_blocks": 1, "num_mid_blocks": 1,
        "num_heads": 3, "act_fn": "gelu", "static_chunk_size": 12, "time_embed_dim": 36,
    },
    "cfm": {"t_scheduler": "cosine", "inference_cfg_rate": 0.6, "n_timesteps": 7, "sigma_min": 1e-6},
}
HIFT = {
    "in_channels": 14, "base_channels": 24, "nb_harmonics": 4, "sampling_rate": 1800, "nsf_alpha": 0.1, "nsf_sigma": 0.003,
    "nsf_voiced_threshold": 10, "upsample_rates": [6, 3], "upsample_kernel_sizes": [10, 7], "istft_params": {"n_fft": 8, "hop_len": 2},
    "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1, 2]], "source_resblock_kernel_sizes": [5, 3],
    "source_resblock_dilation_sizes": [[1, 2], [1, 3]], "lrelu_slope": 0.1, "audio_limit": 0.99, "f0_cond_channels": 10,
}
CALLS = [(0, 8 + 2, False), (8, 20 + 2, False), (20, 26 + 2, False), (26, 31, True)]
PROMPT = 4


def flow_case(flow, chunk, stored):
    """The outputs of the folder's cases, by name; `stored` holds the inputs."""
    voice = stored["embedding"], stored["prompt_token"], stored["prompt_feat"]
    bare = stored["embedding"], stored["prompt_token"][:0], stored["prompt_feat"][:0]
    noise, out = stored["noise"], {}
    out["case0.mel"] = flow.mel(voice, stored["case0.token"], noise)
    steps = flow.c["cfm"]["n_timesteps"]
    for name, v in flow.seen.items():
        if not name.startswith("velocity") or name in ("velocity_step0", f"velocity_step{steps - 1}"):
            out["case0." + name] = v
    out["case1.mel"] = flow.mel(bare, stored["case1.token"], noise)
    tokens, ahead = stored["case2.token"], flow.c["pre_lookahead_len"]
    out["case2.mel_offline"] = flow.mel(voice, tokens, noise)
    out["case2.mel_streaming_full"] = flow.mel(voice, tokens, noise, chunk)
    out["case2.encoder_out"] = flow.seen["encoder_out"]
    for i, (offset, given, last) in enumerate(stored["calls"]):
        if not last:
            n = given - ahead
            mel = flow.mel(voice, tokens[:n], noise, chunk, tokens[n:given])
            out[f"case2.chunk{i}.mel"] = mel[:, offset * flow.c["token_mel_ratio"]:]
    return out


def hift_case(hift, stored, sources):
    out = {}
    for i in range(2):
        hift.seen = {}
        mel = stored[f"case{i}.mel"]
        out[f"case{i}.f0"] = f0 = hift.f0(mel)
        out[f"case{i}.source"] = hift.source(f0)
        source = sources[i] if sources else out[f"case{i}.source"]
        out[f"case{i}.waveform"] = hift.decode(mel, source)
        if i == 0:
            out |= {"case0." + k: v for k, v in hift.seen.items()}
            out["case0.sine"] = hift.seen["sine"]
    source = (sources[1] if sources else out["case1.source"]).clone()
    source[: len(stored["case_cache.cache_source"])] = stored["case_cache.cache_source"]
    out["case_cache.waveform"] = hift.decode(stored["case1.mel"], source)
    return out


def stream_case(flow, hift, chunk, stored, config):
    voice = stored["embedding"], stored["prompt_token"], stored["prompt_feat"]
    out = {f"chunk{i}.speech": w for i, w in enumerate(stream(flow, hift, voice, stored["token"], stored["noise"], config["schedule"], chunk))}
    mel = flow.mel(voice, stored["token"], stored["noise"])
    out["offline.speech"] = hift.decode(mel, hift.source(hift.f0(mel)))
    return out


def write(folder, config, weights, inputs, narrow, wide):
    os.makedirs(folder, exist_ok=True)
    limits = {}
    for name, v in narrow.items():
        top, err = v.abs().max().item(), (v.double() - wide[name].double()).abs().max().item()
        limits[name] = {"suggested_atol": float(f"{max(5 * err, 4e-6 * top):.1g}")}
    json.dump(config, open(os.path.join(folder, "config.json"), "w"), indent=1)
    json.dump({"tensors": limits}, open(os.path.join(folder, "tolerances.json"), "w"), indent=1)
    if weights:
        save_file(weights, os.path.join(folder, "weights.safetensors"))
    both = {**inputs, **narrow}
    save_file({k: v.contiguous().clone() for k, v in both.items()}, os.path.join(folder, "cases.safetensors"))


def make(root):
    torch.manual_seed(20)
    units = lambda n: torch.randint(0, FLOW["vocab_size"], (n,), dtype=torch.int32)
    bands, r, chunk = FLOW["output_size"], FLOW["token_mel_ratio"], FLOW["encoder"]["static_chunk_size"]
    fw, hw = random_weights(flow_shapes(FLOW)), random_weights(hift_shapes(HIFT))
    hw["f0_predictor.classifier.bias"] += 60
    given = {
        "embedding": torch.randn(FLOW["spk_embed_dim"]), "prompt_token": units(PROMPT), "prompt_feat": torch.randn(PROMPT * r, bands),
        "noise": torch.randn(bands, 120), "case0.token": units(13), "case1.token": units(3), "case2.token": units(CALLS[-1][1]),
    }
    run = {d: flow_case(Flow(FLOW, fw, d), chunk, {**given, "calls": CALLS}) for d in (torch.float32, torch.float64)}
    given["t_span"] = Flow(FLOW, fw, torch.float32).times()
    write(os.path.join(root, "cosyvoice2_flow"), FLOW, fw, given, *run.values())
    table = torch.randn(101, HIFT["nb_harmonics"] + 1)
    sounds = {"case0.mel": torch.randn(bands, 7), "case1.mel": torch.randn(bands, 23), "case_cache.cache_source": torch.randn(90)}
    narrow = hift_case(HiFT(HIFT, hw, torch.float32, table), sounds, None)
    wide = hift_case(HiFT(HIFT, hw, torch.float64, table), sounds, [narrow["case0.source"], narrow["case1.source"]])
    write(os.path.join(root, "cosyvoice2_hift"), HIFT, hw, {**sounds, "noise_table": table}, narrow, wide)
    config = {
        "flow": "../cosyvoice2_flow", "hift": "../cosyvoice2_hift", "mel_cache_len": 8,
        "schedule": [{"token_offset": o, "tokens_given": n, "stream": not last, "finalize": last} for o, n, last in CALLS],
    }
    said = {**given, "token": given["case2.token"]}
    run = [stream_case(Flow(FLOW, fw, d), HiFT(HIFT, hw, d, table), chunk, said, config) for d in (torch.float32, torch.float64)]
    write(os.path.join(root, "cosyvoice2_stream"), config, None, {"token": said["token"]}, *run)


def check(shared):
    """The same functions on the reference's own folders."""
    where = lambda name, file: os.path.join(shared, "golden", name, file)
    folders = "cosyvoice2_flow", "cosyvoice2_hift", "cosyvoice2_stream"
    fc, hc, sc = (json.load(open(where(n, "config.json"))) for n in folders)
    fs, hs, ss = (load_file(where(n, "cases.safetensors")) for n in folders)
    limits = [json.load(open(where(n, "tolerances.json")))["tensors"] for n in folders]
    flow = Flow(fc, load_file(where(folders[0], "weights.safetensors")), torch.float32)
    hift = HiFT(hc, load_file(where(folders[1], "weights.safetensors")), torch.float32, hs["noise_table"])
    chunk = fc["encoder"]["static_chunk_size"]
    calls = [(c["token_offset"], c["tokens_given"], c["finalize"]) for c in sc["schedule"]]
    got = [
        flow_case(flow, chunk, {**fs, "calls": calls}), hift_case(hift, hs, [hs["case0.source"], hs["case1.source"]]),
        stream_case(flow, hift, chunk, {**fs, "token": ss["token"]}, sc),
    ]
    for g, stored, limit in zip(got, (fs, hs, ss), limits):
        for name, v in g.items():
            if name in stored:
                err = (v - stored[name]).abs().max().item()
                print(f"{'ok ' if err <= limit[name]['suggested_atol'] else 'BAD'} {name} {err:.3g} of {limit[name]['suggested_atol']:.3g}")


if __name__ == "__main__":
    with torch.no_grad():
        torch.set_num_threads(1)
        {"check": check, "make": make}[sys.argv[1]](sys.argv[2])
