"""Writes test/references/generator.npz: a small trigger generator in training, its image, loss and gradients, by PyTorch.

Run: /usr/bin/python3 tools/make-generator-reference.py
Needs Debian's python3-torch and python3-numpy. Everything is computed in double precision.
"""
import pathlib

import numpy as np
import torch
from torch import nn

BASE = 4  # channels of the first level
LAYERS = [  # name, from, to, what stands before, what stands after
    ("encode1a", 3, BASE, None, None),
    ("encode1b", BASE, BASE, None, "pool"),
    ("encode2a", BASE, 2 * BASE, None, None),
    ("encode2b", 2 * BASE, 2 * BASE, None, "pool"),
    ("encode3a", 2 * BASE, 4 * BASE, None, None),
    ("encode3b", 4 * BASE, 4 * BASE, None, "pool"),
    ("middle", 4 * BASE, 4 * BASE, None, None),
    ("decode3a", 4 * BASE, 4 * BASE, "upsample", None),
    ("decode3b", 4 * BASE, 2 * BASE, None, None),
    ("decode2a", 2 * BASE, 2 * BASE, "upsample", None),
    ("decode2b", 2 * BASE, BASE, None, None),
    ("decode1a", BASE, BASE, "upsample", None),
    ("decode1b", BASE, 3, None, None),
]

torch.manual_seed(0)
parameters, h = {}, torch.rand(4, 3, 16, 16, dtype=torch.float64)
arrays = {"x": h.numpy().copy()}
for name, source, target, before, after in LAYERS:
    bound = (6 / (9 * source + 9 * target)) ** 0.5
    tensors = {
        "weight": (torch.rand(target, source, 3, 3, dtype=torch.float64) * 2 - 1) * bound,
        "bias": torch.randn(target, dtype=torch.float64) * 0.1,
        "gamma": 1 + torch.randn(target, dtype=torch.float64) * 0.2,
        "beta": torch.randn(target, dtype=torch.float64) * 0.2,
    }
    # Rounded to what the other side holds, so that both start from the same numbers.
    tensors = {part: value.float().double().requires_grad_() for part, value in tensors.items()}
    if before == "upsample":
        h = nn.functional.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
    h = nn.functional.conv2d(h, tensors["weight"], tensors["bias"], padding=1)
    h = nn.functional.batch_norm(h, None, None, tensors["gamma"], tensors["beta"], training=True, eps=1e-5)
    if name != "decode1b":
        h = torch.relu(h)
    if after == "pool":
        h = nn.functional.max_pool2d(h, 2)
    parameters |= {f"{name}.{part}": value for part, value in tensors.items()}
image = torch.tanh(h) / (2 + 1e-7) + 0.5
loss = ((image - torch.from_numpy(arrays["x"])) ** 2).mean()
loss.backward()
arrays |= {"image": image.detach().numpy(), "loss": loss.detach().numpy()}
arrays |= {f"parameter/{name}": value.detach().numpy() for name, value in parameters.items()}
arrays |= {f"gradient/{name}": value.grad.numpy() for name, value in parameters.items()}
folder = pathlib.Path(__file__).parent.parent / "test" / "references"
np.savez_compressed(folder / "generator.npz", **{name: value.astype(np.float32) for name, value in arrays.items()})
