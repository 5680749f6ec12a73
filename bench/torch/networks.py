"""The networks: those of transformers where it has them, else written after the model's description."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel
from transformers.models.qwen2_audio.configuration_qwen2_audio import Qwen2AudioEncoderConfig
from transformers.models.qwen2_audio.modeling_qwen2_audio import Qwen2AudioEncoder


class Vision(nn.Module):
    """Two blocks of the vision tower, one in windows and one over the whole picture, with its patches and merger."""

    def __init__(self):
        super().__init__()
        c = Qwen2_5_VLVisionConfig(depth=2, hidden_size=1280, intermediate_size=3456, num_heads=16, out_hidden_size=5120,
                                   window_size=112, fullatt_block_indexes=[1])
        c._attn_implementation = "sdpa"
        self.vision_model = Qwen2_5_VisionTransformerPretrainedModel(c)
        self.mm_projector = nn.Linear(5120, 4096)

    def forward(self, x):
        x = x.to(self.mm_projector.weight.dtype)
        return self.mm_projector(self.vision_model(x, grid_thw=torch.tensor([[1, 32, 32]])))


def vision():
    """A picture of 448 by 448 pixels."""
    return Vision(), torch.randn(1024, 1176)


class Audio(nn.Module):
    """Two layers of the audio encoder with its convolutions and its projector."""

    def __init__(self):
        super().__init__()
        c = Qwen2AudioEncoderConfig(encoder_layers=2)
        c._attn_implementation = "sdpa"
        self.audio_model = Qwen2AudioEncoder(c)
        self.audio_projector = nn.ModuleDict({"fc1": nn.Linear(1280, 1280), "fc2": nn.Linear(1280, 4096)})

    def forward(self, x):
        x = x.to(self.audio_model.conv1.weight.dtype)
        y = self.audio_model(x[None]).last_hidden_state[0]
        return self.audio_projector["fc2"](F.gelu(self.audio_projector["fc1"](y)))


def audio():
    """The spectrogram of 30 s."""
    return Audio(), torch.randn(128, 3000)


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x, gate=None):
        y = x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-5)
        y = y.to(x.dtype) * self.weight
        return y if gate is None else y * F.silu(gate)


class Mixer(nn.Module):
    """Mamba2 (Dao and Gu 2024) with its recurrence as products of blocks, section 6 of the paper. The form that transformers
    has for processors wants 22 GB here."""

    def __init__(self, width, head=64, states=128, taps=4, block=256):
        super().__init__()
        self.inner, self.heads, self.states, self.block = 2 * width, 2 * width // head, states, block
        mixed = self.inner + 2 * states
        self.in_proj = nn.Linear(width, self.inner + mixed + self.heads, bias=False)
        self.conv1d = nn.Conv1d(mixed, mixed, taps, groups=mixed, padding=taps - 1)
        self.dt_bias = nn.Parameter(torch.randn(self.heads))
        self.A_log = nn.Parameter(torch.arange(1.0, self.heads + 1).log())
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = RMSNorm(self.inner)
        self.out_proj = nn.Linear(self.inner, width, bias=False)

    def forward(self, u):
        z, mixed, step = self.in_proj(u).split([self.inner, self.inner + 2 * self.states, self.heads], -1)
        mixed = F.silu(self.conv1d(mixed.T)[..., : len(u)].T)
        x, b, c = mixed.float().split([self.inner, self.states, self.states], -1)
        step = F.softplus(step.float() + self.dt_bias.float())
        x = x.reshape(len(u), self.heads, -1)
        y = self.scan(x * step[..., None], step * -self.A_log.float().exp(), b, c) + self.D.float()[:, None] * x
        return self.out_proj(self.norm(y.reshape(len(u), -1).to(u.dtype), z))

    def scan(self, x, rate, b, c):
        n, rest = len(x), -len(x) % self.block
        x, rate = F.pad(x, (0, 0, 0, 0, 0, rest)), F.pad(rate, (0, 0, 0, rest))
        b, c = F.pad(b, (0, 0, 0, rest)), F.pad(c, (0, 0, 0, rest))
        state, all = x.new_zeros(self.heads, x.shape[2], self.states), []
        for x, rate, b, c in zip(*(t.split(self.block) for t in (x, rate, b, c))):
            x, sums = x.transpose(0, 1), rate.T.cumsum(-1)  # heads first
            decay = (sums[:, :, None] - sums[:, None, :]).exp().tril()
            y = (c @ b.T * decay) @ x + sums.exp()[..., None] * (c @ state.transpose(1, 2))
            left = (sums[:, -1:] - sums).exp()
            state = state * sums[:, -1].exp()[:, None, None] + (x * left[..., None]).transpose(1, 2) @ b
            all.append(y.transpose(0, 1))
        return torch.cat(all)[:n]


class Layer(nn.Module):
    def __init__(self, width, chunk):
        super().__init__()
        self.norm, self.mixer = RMSNorm(width), Mixer(width)
        self.weight_fc, self.gate_fc = nn.Linear(width, chunk), nn.Linear(width, 1)

    def forward(self, s):
        n = self.norm(s)
        rows, query = n[:, :-1], n[:, -1]
        share = self.weight_fc(query).float().softmax(-1).to(n.dtype)
        mean = (share[:, :, None] * rows).sum(1)
        g = 0.98 * self.gate_fc(query).float().sigmoid().to(n.dtype) + 0.01
        n = torch.cat([rows, ((1 - g) * query + g * mean)[:, None]], 1)
        return self.mixer(n.flatten(0, 1)).reshape(n.shape) + s


class Compressor(nn.Module):
    """MambaMIA with one layer of Mamba2: the plain PyTorch form of its recurrence."""

    def __init__(self, outside=4096, width=3072, chunk=25):
        super().__init__()
        self.input_proj, self.output_proj = nn.Linear(outside, width), nn.Linear(width, outside)
        self.query_token = nn.Parameter(torch.randn(width))
        self.input_norm = nn.LayerNorm(width, eps=1e-6)
        self.model = nn.ModuleDict({"layers": nn.ModuleList([Layer(width, chunk)]), "norm_f": RMSNorm(width)})
        self.chunk = chunk

    def forward(self, x):
        f = self.input_proj(x.to(self.query_token.dtype)).reshape(-1, self.chunk, self.query_token.shape[0])
        s = torch.cat([f, self.query_token.expand(f.shape[0], 1, -1)], 1)
        s = self.model["layers"][0](self.input_norm(s))
        return self.output_proj(self.model["norm_f"](s)[:, -1])


def compressor():
    """A minute of sound."""
    return Compressor(), torch.randn(1500, 4096)


class Snake(nn.Module):
    """x + sin²(x·e^alpha)/e^beta between a doubling and a halving of the rate."""

    def __init__(self, channels):
        super().__init__()
        self.act = nn.Module()
        self.act.alpha, self.act.beta = nn.Parameter(torch.zeros(channels)), nn.Parameter(torch.zeros(channels))
        half = [0.4432098, 0.12857261, -0.05765738, -0.02554346, 0.00938946, 0.00202897]
        taps = torch.tensor(half[::-1] + half)[None, None]
        self.upsample, self.downsample = nn.Module(), nn.Module()
        self.upsample.register_buffer("filter", taps.clone())
        self.downsample.lowpass = nn.Module()
        self.downsample.lowpass.register_buffer("filter", taps.clone())

    def forward(self, x):
        c = x.shape[1]
        up = 2 * F.conv_transpose1d(F.pad(x, (5, 5), mode="replicate"), self.upsample.filter.expand(c, -1, -1), stride=2, groups=c)
        up = up[..., 15:-15]
        a, b = self.act.alpha.exp()[None, :, None], self.act.beta.exp()[None, :, None]
        up = up + (1 / (b + 1e-9)) * torch.sin(up * a).pow(2)
        return F.conv1d(F.pad(up, (5, 6), mode="replicate"), self.downsample.lowpass.filter.expand(c, -1, -1), stride=2, groups=c)


class Conv(nn.Module):
    """A convolution under a name of its own, as in the checkpoint."""

    def __init__(self, *a, kind=nn.Conv1d, name="conv", **k):
        super().__init__()
        setattr(self, name, kind(*a, **k))
        self.name = name

    def forward(self, x):
        return getattr(self, self.name)(x)


class Block(nn.Module):
    def __init__(self, c, k):
        super().__init__()
        self.convs1 = nn.ModuleList(Conv(c, c, k, dilation=d, padding=(k * d - d) // 2) for d in (1, 3, 5))
        self.convs2 = nn.ModuleList(Conv(c, c, k, padding=(k - 1) // 2) for _ in range(3))
        self.activations = nn.ModuleList(Snake(c) for _ in range(6))

    def forward(self, x):
        for j in range(3):
            y = self.convs1[j](self.activations[2 * j](x))
            x = x + self.convs2[j](self.activations[2 * j + 1](y))
        return x


class Vocoder(nn.Module):
    """Unit-BigVGAN."""

    def __init__(self, first=1536, rates=(5, 4, 4, 3, 2, 2), taps=(10, 8, 8, 6, 4, 4)):
        super().__init__()
        self.unit_emb, self.spk_emb = nn.Embedding(6561, 1280), nn.Embedding(26, 256)
        self.conv_pre = Conv(1536, first, 7, padding=3)
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for i, (r, k) in enumerate(zip(rates, taps)):
            c = first >> i
            self.ups.append(nn.ModuleList([Conv(c, c // 2, k, r, padding=math.ceil((k - r) / 2), output_padding=(k - r) % 2,
                                                kind=nn.ConvTranspose1d, name="deconv")]))
            self.resblocks.extend(Block(c // 2, n) for n in (3, 7, 11))
        self.activation_post = Snake(first >> len(rates))
        self.conv_post = Conv(first >> len(rates), 1, 7, padding=3, bias=False)

    def forward(self, x):
        units, speaker = x[0].long(), self.spk_emb.weight[0]
        e = self.unit_emb(units) * 1280**-0.5
        y = self.conv_pre(torch.cat([e, speaker.expand(len(units), -1)], 1).T[None])
        for i, up in enumerate(self.ups):
            y = up[0](y)
            y = sum(self.resblocks[3 * i + j](y) for j in range(3)) / 3
        return self.conv_post(self.activation_post(y)).clamp(-1, 1)[0, 0]


def bigvgan():
    """Two seconds of speech."""
    return Vocoder(), torch.randint(0, 6561, (1, 50)).float()
