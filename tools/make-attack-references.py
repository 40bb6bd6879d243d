"""Writes test/references/warp.npz: images warped by WaNet's grid, with and without noise, by PyTorch.

Run: /usr/bin/python3 tools/make-attack-references.py
Needs Debian's python3-torch and python3-numpy. Everything is computed in double precision.
"""
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

torch.manual_seed(0)
side, k, strength = 24, 3, 2.0
images = torch.rand(2, 3, side, side).double()
field = 2 * torch.rand(1, 2, k, k) - 1
field = (field / field.abs().mean()).double()
# What a stream of uniform numbers gave, for each image, row, column and axis.
uniform = torch.rand(2, side, side, 2).double()
large = F.interpolate(field, size=side, mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
steps = torch.linspace(-1, 1, side).double()
y, x = torch.meshgrid(steps, steps, indexing="ij")
grid = (torch.stack((x, y), 2)[None] + strength * large / side).clamp(-1, 1)
noisy = (grid + (2 * uniform - 1) / side).clamp(-1, 1)
arrays = {
    "images": images,
    "control": field[0],
    "uniform": uniform,
    "grid": grid[0],
    "warped": F.grid_sample(images, grid.repeat(2, 1, 1, 1), align_corners=True),
    "noisy": F.grid_sample(images, noisy, align_corners=True),
}
folder = pathlib.Path(__file__).parent.parent / "test" / "references"
np.savez_compressed(folder / "warp.npz", **{name: value.numpy().astype(np.float32) for name, value in arrays.items()})
