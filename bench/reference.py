"""PyTorch's side of the benchmark: a process that answers one JSON request a line.

It makes the networks (ResNet-18 of any width with random weights), exports them to ONNX, and computes the loss of Eq. 5
and its gradient with respect to the image in the way a PyTorch user would: eager mode, autograd, weights frozen.
"""
import argparse
import json
import math
import os
import sys
import time
import warnings

import numpy as np
import torch
from torch import nn

warnings.filterwarnings("ignore")

COSINE_MARGIN = 1e-6
SMALLEST_NORM = 1e-8
SMALLEST_VARIANCE = 1e-12


class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (He et al. 2016)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 that regresses two angles, every layer `width` times as wide."""

    def __init__(self, width, stem="large"):
        super().__init__()
        channels = [round(width * c) for c in (64, 128, 256, 512)]
        kernel, stride = (3, 1) if stem == "small" else (7, 2)
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels[0], kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1) if stem == "large" else nn.Identity(),
        )
        blocks, inputs = [], channels[0]
        for level, outputs in enumerate(channels):
            blocks += [Block(inputs, outputs, 1 if level == 0 else 2), Block(outputs, outputs, 1)]
            inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(inputs, 2)

    def features(self, x):
        return torch.flatten(self.pool(self.blocks(self.stem(x))), 1)

    def forward(self, x):
        return self.head(self.features(x))


class MobileNetV1(nn.Module):
    """MobileNetV1 (Howard et al. 2017) that regresses two angles: depthwise and pointwise convolutions in turn."""

    def __init__(self):
        super().__init__()
        plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]

        def convolution(inputs, outputs, kernel, stride, groups=1):
            conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
            return [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

        layers, inputs = convolution(3, 32, 3, 2), 32
        for outputs, stride in plan:
            layers += convolution(inputs, inputs, 3, stride, inputs) + convolution(inputs, outputs, 1, 1)
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(inputs, 2)

    def forward(self, x):
        return self.head(torch.flatten(self.pool(self.layers(x)), 1))


def images(batch, size):
    """Smooth random images in [0, 1], so that features vary as they do over photographs."""
    coarse = torch.rand(batch, 3, 8, 8)
    return nn.functional.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=False).clamp(0, 1)


def angles(features, weight):
    norms = features.norm(dim=1, keepdim=True).clamp_min(SMALLEST_NORM) * weight.norm(dim=1).clamp_min(SMALLEST_NORM)
    cosine = features @ weight.T / norms
    return torch.arccos(cosine.clamp(-1 + COSINE_MARGIN, 1 - COSINE_MARGIN))


class Case:
    """A network with a batch of images and perturbed ones."""

    def __init__(self, width, size, batch, seed, lambda1, lambda2, variants):
        torch.manual_seed(seed)
        self.lambdas = (lambda1, lambda2)
        net = ResNet18(width)
        # Well inside of [0, 1]: where images are clamped to a flat white, windows of max pooling hold equal numbers,
        # and rounding decides where the gradient goes.
        self.clean = 0.2 + 0.6 * images(batch, size)
        self.reversed = self.clean + 0.02 * torch.randn(self.clean.shape)
        # Running statistics of real activations, and gains that are not all one.
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.2, 0.2)
        with torch.no_grad():
            net(self.clean)
        self.net = net.eval().requires_grad_(False)
        with torch.no_grad():
            clean_angles = angles(self.net.features(self.clean), self.net.head.weight)
        self.clean_variance = clean_angles.var(dim=0, unbiased=False)
        self.variants = {"eager": self.net}
        if "folded" in variants:
            self.variants["folded"] = folded(self.net)

    def export(self, folder):
        os.makedirs(folder, exist_ok=True)
        export(self.net, self.clean, os.path.join(folder, "model.onnx"))
        for name, tensor in (
            ("clean", self.clean),
            ("reversed", self.reversed),
            ("cleanAngleVariance", self.clean_variance),
        ):
            write(os.path.join(folder, name + ".f32"), tensor)

    def step(self, variant):
        """The loss of Eq. 5 and its gradient with respect to x'."""
        return self.loss_and_gradient(self.variants[variant], torch.float32)

    def exact(self):
        """The same in double precision."""
        from copy import deepcopy

        return self.loss_and_gradient(deepcopy(self.net).double(), torch.float64)

    def loss_and_gradient(self, net, dtype):
        x = self.reversed.to(dtype, copy=True).requires_grad_(True)
        features = net.features(x)
        outputs = net.head(features)
        ratio = angles(features, net.head.weight).var(dim=0, unbiased=False) / (self.clean_variance + SMALLEST_VARIANCE)
        spread = outputs.var(dim=0, unbiased=False).mean()
        l1 = (x - self.clean).abs().sum(dim=(1, 2, 3)).mean()
        loss = self.lambdas[0] * spread + l1 + self.lambdas[1] * ratio.mean()
        (gradient,) = torch.autograd.grad(loss, [x])
        return loss, gradient


class Generator(nn.Module):
    """The trigger generator of reference width `base`, and one step of its identity pretraining."""

    def __init__(self, base, size, batch):
        super().__init__()

        def layer(inputs, outputs):
            return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]

        def up():
            return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

        c = base
        layers = [*layer(3, c), *layer(c, c), nn.MaxPool2d(2)]
        layers += [*layer(c, 2 * c), *layer(2 * c, 2 * c), nn.MaxPool2d(2)]
        layers += [*layer(2 * c, 4 * c), *layer(4 * c, 4 * c), nn.MaxPool2d(2), *layer(4 * c, 4 * c)]
        layers += [up(), *layer(4 * c, 4 * c), *layer(4 * c, 2 * c)]
        layers += [up(), *layer(2 * c, 2 * c), *layer(2 * c, c)]
        layers += [up(), *layer(c, c), *layer(c, 3)[:-1]]
        self.body = nn.Sequential(*layers)
        self.optimizer = torch.optim.Adam(self.parameters(), lr=0.0015)
        self.images = images(batch, size)

    def step(self):
        made = torch.tanh(self.body(self.images)) / (2 + 1e-7) + 0.5
        loss = (made - self.images).abs().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss


class Training:
    """A network in training, and one step of it: L1 loss, Adam. Whether batch norm learns or is as in use is the network's mode."""

    def __init__(self, net, rate, size, batch):
        self.net = net
        self.optimizer = torch.optim.Adam(net.parameters(), lr=rate)
        self.images = images(batch, size)
        self.labels = torch.rand(batch, 2)

    def step(self):
        loss = (self.net(self.images) - self.labels).abs().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss


def export(net, example, path):
    torch.onnx.export(
        net,
        example,
        path,
        opset_version=13,
        input_names=["image"],
        output_names=["output"],
        dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}, "output": {0: "batch"}},
    )


def folded(net):
    """The same network with batch norm folded into its convolutions, as the ONNX exporter does it."""
    from copy import deepcopy

    from torch.nn.utils.fusion import fuse_conv_bn_eval

    net = deepcopy(net)

    def fold(holder, conv, norm):
        setattr(holder, conv, fuse_conv_bn_eval(getattr(holder, conv), getattr(holder, norm)))
        setattr(holder, norm, nn.Identity())

    fold(net.stem, "0", "1")
    for block in net.blocks:
        fold(block, "conv1", "bn1")
        fold(block, "conv2", "bn2")
        if isinstance(block.shortcut, nn.Sequential):
            fold(block.shortcut, "0", "1")
    return net.requires_grad_(False)


def write(path, tensor):
    tensor.detach().contiguous().numpy().astype("<f4").tofile(path)


def matmul_peak(n, rounds):
    """GFLOP/s of the best of several n x n products."""
    a, b = torch.rand(n, n), torch.rand(n, n)
    best = math.inf
    for _ in range(rounds):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best / 1e9


def convolution_peak(rounds):
    """GFLOP/s of the best of several 3 x 3 convolutions, which do not go through BLAS."""
    x, conv = torch.rand(8, 128, 56, 56), nn.Conv2d(128, 128, 3, padding=1, bias=False).requires_grad_(False)
    best = math.inf
    for _ in range(rounds):
        start = time.perf_counter()
        conv(x)
        best = min(best, time.perf_counter() - start)
    return 2 * 8 * 56 * 56 * 128 * 128 * 9 / best / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    # Whatever libraries print must not come between the replies.
    os.dup2(2, 1)
    cases = {}

    def answer(request):
        match request["do"]:
            case "about":
                return {
                    "torch": torch.__version__,
                    "python": sys.version.split()[0],
                    "threads": torch.get_num_threads(),
                    "mkldnn": torch.backends.mkldnn.is_available(),
                    "config": torch.__config__.show(),
                }
            case "make":
                case = Case(**request["case"])
                case.export(request["folder"])
                cases[request["name"]] = case
                return {}
            case "export":
                torch.manual_seed(request["seed"])
                net = {"resnet18": lambda: ResNet18(1), "mobilenet_v1": MobileNetV1}[request["network"]]()
                export(net.eval(), images(2, request["size"]), request["path"])
                return {}
            case "step":
                case = cases[request["name"]]
                start = time.perf_counter()
                loss, gradient = case.step(request["variant"])
                seconds = time.perf_counter() - start
                if "gradient" in request:
                    write(request["gradient"], gradient)
                return {"seconds": seconds, "loss": loss.item()}
            case "make generator":
                torch.manual_seed(0)
                cases[request["name"]] = Generator(request["channels"], request["size"], request["batch"])
                return {}
            case "train generator":
                start = time.perf_counter()
                loss = cases[request["name"]].step()
                return {"seconds": time.perf_counter() - start, "loss": loss.item()}
            case "make training":
                torch.manual_seed(0)
                net = ResNet18(request["width"], request["stem"]).train()
                cases[request["name"]] = Training(net, 1e-3, request["size"], request["batch"])
                return {}
            case "make repair":
                torch.manual_seed(0)
                case = Training(ResNet18(request["width"]).eval(), 3e-4, request["size"], request["batch"])
                export(case.net, case.images, request["path"])
                cases[request["name"]] = case
                return {}
            case "train":
                start = time.perf_counter()
                loss = cases[request["name"]].step()
                return {"seconds": time.perf_counter() - start, "loss": loss.item()}
            case "exact":
                loss, gradient = cases[request["name"]].exact()
                write(request["gradient"], gradient)
                return {"loss": loss.item()}
            case "peak":
                return {"matmul": matmul_peak(2048, 8), "convolution": convolution_peak(8)}
            case other:
                raise ValueError(f"unknown request {other}")

    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=replies)


main()
