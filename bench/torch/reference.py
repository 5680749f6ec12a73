"""The reference side of this benchmark: networks of real size with random weights, as PyTorch computes them.

    reference.py FOLDER NETWORK

It writes NETWORK.weights.safetensors and NETWORK.case.safetensors (input and output) into FOLDER. Then each line "TYPE
THREADS" (float32 or bfloat16) runs the network once; the answer is the milliseconds of processor and of wall time.
"""

import sys
import time

import torch
from safetensors.torch import save_file
from torch import nn

import networks


def say(*words):
    print(*words, sep="\t", flush=True)


@torch.inference_mode()
def main(folder, name):
    torch.manual_seed(1)
    network, x = getattr(networks, name)()
    network.eval()
    state = {k: v.contiguous() for k, v in network.state_dict().items()}
    save_file(state, f"{folder}/{name}.weights.safetensors")
    save_file({"x": x.contiguous(), "y": network(x).float().contiguous()}, f"{folder}/{name}.case.safetensors")
    kinds = {"float32": network}
    say("ready")
    for line in sys.stdin:
        kind, threads = line.split()
        torch.set_num_threads(int(threads))
        if kind not in kinds:
            kinds[kind] = getattr(networks, name)()[0].eval()
            kinds[kind].load_state_dict(state)
            kinds[kind].to(torch.bfloat16)
            kinds[kind](x)
        run: nn.Module = kinds[kind]
        cpu, wall = time.process_time(), time.perf_counter()
        run(x)
        say(f"{(time.process_time() - cpu) * 1e3:.1f}", f"{(time.perf_counter() - wall) * 1e3:.1f}")


main(sys.argv[1], sys.argv[2])
