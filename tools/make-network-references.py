"""Writes test/references/<network>.npz: small networks in training, by PyTorch: outputs, loss, gradients, statistics.

Run: /usr/bin/python3 tools/make-network-references.py
Needs Debian's python3-torch, python3-torchvision and python3-numpy. Everything is computed in double precision. The
residual blocks are torchvision's own; MobileNetV1, which it lacks, is written from Table 1 of the publication.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock

FOLDER = pathlib.Path(__file__).parent.parent / "test" / "references"
OUTPUTS = 2


class ResNet(nn.Module):
    """names: our layer's name for each of PyTorch's pairs of convolution and batch norm."""

    def __init__(self, blocks, base, kind):
        super().__init__()
        first = nn.Conv2d(3, base, 7, 2, 3, bias=False) if kind == "large" else nn.Conv2d(3, base, 3, 1, 1, bias=False)
        stem = [first, nn.BatchNorm2d(base), nn.ReLU()]
        self.names = {"stem": (stem[0], stem[1])}
        if kind == "large":
            stem.append(nn.MaxPool2d(3, 2, 1))
        if kind == "fine":
            second = (nn.Conv2d(base, base, 3, 2, 1, bias=False), nn.BatchNorm2d(base))
            self.names["stem.b"] = second
            stem += [nn.MaxPool2d(2), *second, nn.ReLU()]
        stages, channels = [], base
        for stage, count in enumerate(blocks):
            for block in range(count):
                target, stride = base * 2**stage, 2 if stage > 0 and block == 0 else 1
                shortcut = None
                if stride != 1 or target != channels:
                    shortcut = nn.Sequential(nn.Conv2d(channels, target, 1, stride, bias=False), nn.BatchNorm2d(target))
                made = BasicBlock(channels, target, stride, shortcut)
                name = f"stage{stage + 1}.{block}"
                self.names |= {f"{name}.a": (made.conv1, made.bn1), f"{name}.b": (made.conv2, made.bn2)}
                if shortcut is not None:
                    self.names[f"{name}.shortcut"] = tuple(shortcut)
                stages.append(made)
                channels = target
        self.body = nn.Sequential(*stem, *stages)
        self.head = nn.Linear(channels, OUTPUTS)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


class MobileNet(nn.Module):
    def __init__(self, width, small):
        super().__init__()
        self.names, parts = {}, []

        def layer(name, *arguments, **options):
            pair = (nn.Conv2d(*arguments, bias=False, **options), nn.BatchNorm2d(arguments[1]))
            self.names[name] = pair
            parts.extend([*pair, nn.ReLU()])

        channels = int(32 * width)
        layer("stem", 3, channels, 3, 1 if small else 2, 1)
        table = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
        for i, (full, stride) in enumerate(table, 1):
            target = int(full * width)
            layer(f"block{i}.depthwise", channels, channels, 3, stride, 1, groups=channels)
            layer(f"block{i}.pointwise", channels, target, 1)
            channels = target
        self.body = nn.Sequential(*parts)
        self.head = nn.Linear(channels, OUTPUTS)

    forward = ResNet.forward


def reference(name, model, side):
    torch.manual_seed(sum(map(ord, name)))
    model = model.double().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
            # Rounded to what the other side holds, so that both start from the same numbers.
            parameter.copy_(parameter.float().double())
    x, y = torch.rand(4, 3, side, side).double(), torch.randn(4, OUTPUTS).double()
    arrays = {"x": x, "y": y}
    for layer, (conv, norm) in model.names.items():
        # A batch's own mean and population variance: what goes into the running ones.
        def note(_, inputs, __, layer=layer):
            arrays[f"statistic/{layer}.mean"] = inputs[0].mean((0, 2, 3)).detach()
            arrays[f"statistic/{layer}.variance"] = inputs[0].var((0, 2, 3), unbiased=False).detach()

        norm.register_forward_hook(note)
    outputs = model(x)
    loss = (outputs - y).abs().mean()
    loss.backward()
    named = {"head.weight": model.head.weight, "head.bias": model.head.bias}
    for layer, (conv, norm) in model.names.items():
        named |= {f"{layer}.weight": conv.weight, f"{layer}.gamma": norm.weight, f"{layer}.beta": norm.bias}
    arrays |= {"outputs": outputs, "loss": loss, "squares": ((outputs - y) ** 2).mean()}
    arrays |= {f"parameter/{key}": value for key, value in named.items()}
    arrays |= {f"gradient/{key}": value.grad for key, value in named.items()}
    # In inference, with these statistics.
    for layer, (_, norm) in model.names.items():
        norm.running_mean.copy_(arrays[f"statistic/{layer}.mean"])
        norm.running_var.copy_(1.5 * arrays[f"statistic/{layer}.variance"])
    # The forward hooks would note the statistics again.
    for _, norm in model.names.values():
        norm._forward_hooks.clear()
    arrays["inference"] = model.eval()(x)
    np.savez_compressed(
        FOLDER / f"{name}.npz", **{key: value.detach().numpy().astype(np.float32) for key, value in arrays.items()}
    )


reference("network-resnet18", ResNet([2, 2, 2, 2], 2, "small"), 16)
reference("network-resnet34", ResNet([3, 4, 6, 3], 2, "large"), 48)
reference("network-resnet18-fine", ResNet([2, 2, 2, 2], 2, "fine"), 32)
reference("network-mobilenetv1", MobileNet(0.0625, small=True), 32)
