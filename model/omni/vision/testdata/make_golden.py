"""Makes model/omni/verify/testdata/vision_model: a very small random tower in the layout of the 8B, with sizes other than its
own, run through transformers 4.57.1 on PyTorch 2.9.1. Usage: make_golden.py FOLDER"""
import copy
import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

TOWER = dict(depth=4, hidden_size=36, num_heads=3, intermediate_size=50, out_hidden_size=28, patch_size=6, temporal_patch_size=2,
             spatial_merge_size=2, window_size=36, fullatt_block_indexes=[2, 9], hidden_act="silu", in_channels=3)
WIDTH = 20
GRIDS = {"case0": (1, 2, 2), "case1": (1, 10, 14), "case2": (3, 4, 8), "case3": (1, 14, 2)}

torch.manual_seed(20)
torch.set_num_threads(1)
config = Qwen2_5_VLVisionConfig(**TOWER)
config._attn_implementation = "sdpa"
model = Qwen2_5_VisionTransformerPretrainedModel(config).eval()
projector = torch.nn.Linear(TOWER["out_hidden_size"], WIDTH)
with torch.no_grad():
    for name, p in [*model.named_parameters(), *projector.named_parameters()]:
        if "norm" in name or "ln_q" in name:
            p.copy_(1 + 0.3 * torch.randn_like(p))
        elif p.dim() > 1:
            p.copy_(torch.randn_like(p) * 1.3 / p[0].numel() ** 0.5)
        else:
            p.copy_(0.2 * torch.randn_like(p))


def run(model, projector, pixels, grid, keep):
    hooks = []
    if keep is not None:
        def note(name):
            return lambda _m, _i, out: keep.__setitem__(name, out.detach().clone())
        hooks.append(model.patch_embed.register_forward_hook(note("patch_embed")))
        hooks.append(model.blocks[0].register_forward_hook(note("block.0")))
        hooks.append(model.blocks[-1].register_forward_hook(note("block.last")))
        hooks.append(model.merger.register_forward_hook(note("merger")))
    out = model(pixels, grid_thw=grid)
    for h in hooks:
        h.remove()
    return out, projector(out)


tensors, cases, worst = {}, {}, {"output": 0.0, "projected": 0.0, "intermediate": 0.0}
double, double_projector = copy.deepcopy(model).double(), copy.deepcopy(projector).double()
for name, thw in GRIDS.items():
    grid = torch.tensor([thw])
    patches = thw[0] * thw[1] * thw[2]
    pixels = torch.randn(patches, 3 * 2 * 36) * (0.003 if name == "case3" else 1)
    with torch.no_grad():
        keep, keep64 = {}, {}
        out, projected = run(model, projector, pixels, grid, keep)
        out64, projected64 = run(double, double_projector, pixels.double(), grid, keep64)
        cells, ends = model.get_window_index(grid)
        worst["output"] = max(worst["output"], (out - out64).abs().max().item())
        worst["projected"] = max(worst["projected"], (projected - projected64).abs().max().item())
        tensors[f"{name}.pixel_values"] = pixels
        tensors[f"{name}.grid_thw"] = grid[0].int()
        tensors[f"{name}.output"] = out
        tensors[f"{name}.projected"] = projected
        tensors[f"{name}.window_index"] = torch.as_tensor(cells).int()
        tensors[f"{name}.cu_window_seqlens"] = torch.unique_consecutive(torch.tensor(ends)).int()
        if name == "case1":
            for k, v in keep.items():
                worst["intermediate"] = max(worst["intermediate"], (v - keep64[k]).abs().max().item())
                tensors[f"{name}.{k}"] = v
            bare = copy.deepcopy(model)
            for i in TOWER["fullatt_block_indexes"]:
                if i < TOWER["depth"]:
                    bare.blocks[i].mlp.forward = lambda x: torch.zeros_like(x)
            tensors[f"{name}.output_skip_mlp"] = bare(pixels, grid_thw=grid)
    cases[name] = {"grid_thw": thw, "tokens": patches // 4}

weights = {"model.vision_model." + k: v.detach().clone() for k, v in model.state_dict().items()}
weights |= {"model.mm_projector." + k: v.detach().clone() for k, v in projector.state_dict().items()}
folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
save_file(weights, os.path.join(folder, "weights.safetensors"))
save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, os.path.join(folder, "cases.safetensors"))
with open(os.path.join(folder, "config.json"), "w") as f:
    json.dump({"vision_config": TOWER, "mm_projector_type": "linear", "text_config": {"hidden_size": WIDTH}}, f, indent=1)
with open(os.path.join(folder, "cases.json"), "w") as f:
    json.dump({"cases": cases, "measured": worst, "tolerance": {k: max(2e-5, 16 * v) for k, v in worst.items()}}, f, indent=1)
print(worst)
