#!/usr/bin/python3
"""Makes the reference gradients under test/references/ with PyTorch.

DRMGuard writes the gradient of an ONNX graph as another ONNX graph. To test its gradient rules against somebody else's
differentiation, this script builds small, randomly initialised regression networks of many families, exports them to ONNX, and
stores beside each X.onnx an X.npz (compressed) with

    x  float32 [4, ...]  smooth random images in [0, 1], in the layout of the model's input
    y  float32 [4, d]    the outputs in evaluation mode
    g  float32 [4, ...]  the gradient of mean_j Var_i(y_ij) (population variance over the batch) with respect to x

The references are computed in double precision and rounded once. The script refuses a random model whose gradient strays from them
in single precision, or when the images are nudged (there is a kink or a tie next to an image), or whose outputs do not vary, and
tries the next seed.

Two kinds of model are made. Most are PyTorch modules, exported with torch.onnx.export. The others are written node by node with
onnx.helper, for operators and graph patterns which torch.onnx.export does not emit (those of Keras models converted by tf2onnx, for
one), each node with its meaning in PyTorch beside it (class Twin).

Needs Debian 12's python3-torch (1.13), python3-torchvision (0.14) and python3-onnx (1.12). Every model has a seed of its own, taken
from its name: the same versions give the same files, and --only makes the same model as a full run.

    tools/make-references.py [--out DIR] [--only NAME...] [--list]
"""

import argparse
import copy
import json
import math
import warnings
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Optional

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision.models import densenet, efficientnet, inception, mobilenetv2, mobilenetv3, regnet, resnet
from torchvision.models import shufflenetv2, squeezenet, vgg
from torchvision.models.googlenet import GoogLeNet, Inception
from torchvision.ops.misc import Conv2dNormActivation

N_IMAGES = 4
N_CALIBRATION = 48
# The largest difference allowed, relative to the largest entry, between the gradient and the same in single precision.
MAX_ROUNDING = 2e-5
# Likewise between the gradient and that of images nudged by this much, about the rounding of single precision on its way through.
NUDGE = 3e-7
MAX_NUDGED = 4e-5
MAX_ATTEMPTS = 30


# ---------------------------------------------------------------------------------------------------------------------- registry


@dataclass
class Case:
    """A model to make. `build` returns a module, or, when `twin` is set, writes nodes into the Twin it is given."""

    name: str
    build: Callable
    opset: int
    note: str
    size: tuple = (32, 32)
    channels: int = 3
    input: str = "image"
    output: str = "pose"
    twin: bool = False
    # Keep BatchNormalization nodes (export as in training, with the module in evaluation mode).
    keep_bn: bool = False
    fold_constants: bool = True
    # List the initialisers among the graph's inputs, as exporters of IR version 3 did.
    initialisers_as_inputs: bool = False
    # "fixed": no dynamic axes, traced with one image. "any size": height and width are dynamic too. "traced as any size": likewise,
    # and then fixed in the graph's input, so that the arithmetic on sizes stays.
    axes: str = "batch"
    # The last step on the exported model: a function of the module or the model which changes how its weights are stored.
    storage: str = "plain"


CASES = []


def case(name, opset, note, build=None, **options):
    """Registers a model; as a decorator when `build` is left out."""

    def register(build):
        CASES.append(Case(name, build, opset, note, **options))
        return build

    return register(build) if build else register


# ------------------------------------------------------------------------------------------------------ images and initialisation


def make_images(n, channels, size):
    """Smooth noise at several scales over a gradient, each image with a brightness and a contrast of its own, inside (0, 1)."""
    height, width = size
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    angle = torch.rand(n, channels, 1, 1) * 2 * math.pi
    image = 0.8 * (torch.cos(angle) * rows + torch.sin(angle) * columns)
    for cells, amplitude in ((2, 0.7), (4, 0.6), (8, 0.45), (16, 0.3)):
        noise = torch.randn(n, channels, cells, cells)
        noise = 0.6 * noise + 0.8 * noise.mean(1, keepdim=True)
        image = image + amplitude * F.interpolate(noise, size=size, mode="bicubic", align_corners=False)
    image = image - image.mean((2, 3), keepdim=True)
    image = image / image.abs().amax((1, 2, 3), keepdim=True)
    contrast = 0.25 + 0.2 * torch.rand(n, 1, 1, 1)
    brightness = 0.48 + 0.04 * torch.rand(n, channels, 1, 1)
    # Multiples of 2^-14 keep the files small, and are fine enough that no two neighbours are equal.
    return torch.round((brightness + contrast * image) * 2**14) / 2**14


def initialise(model):
    """Random parameters of a size which keeps every operator's part in the gradient visible."""
    done = set()
    for module in model.modules():
        if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)):
            transposed = isinstance(module, nn.modules.conv._ConvTransposeNd)
            fan_in = module.weight[:, 0].numel() if transposed else module.weight[0].numel()
            nn.init.normal_(module.weight, std=1.3 / math.sqrt(fan_in))
            if module.bias is not None:
                nn.init.uniform_(module.bias, -0.1, 0.1)
        elif isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, 0.05, 0.4)
        elif getattr(module, "weight", None) is not None and "Norm" in type(module).__name__:
            nn.init.uniform_(module.weight, 0.6, 1.4)
            nn.init.normal_(module.bias, std=0.15)
        else:
            continue
        done.update(id(parameter) for parameter in module.parameters(recurse=False))
    for name, parameter in model.named_parameters():
        if id(parameter) not in done:
            std = 1 / math.sqrt(parameter.shape[1]) if "in_proj_weight" in name else 0.5
            nn.init.normal_(parameter, std=std)


@torch.no_grad()
def calibrate(model, images):
    """Sets batch norm statistics from `images`, then scales the regression heads so that their outputs have unit variance."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    model(images)
    model.eval()

    heads = getattr(model, "regression_heads", None) or [[m for m in model.modules() if isinstance(m, nn.Linear)][-1]]
    outputs = {}
    hooks = [h.register_forward_hook(lambda m, _, y: outputs.__setitem__(m, y)) for h in heads]
    model(images)
    for hook in hooks:
        hook.remove()
    for head in heads:
        y = outputs[head].reshape(-1, outputs[head].shape[-1])
        std, mean = y.std(0), y.mean(0)
        head.weight.div_(std[:, None])
        head.bias.copy_((head.bias - mean) / std + torch.empty_like(mean).uniform_(-0.5, 0.5))


def variance_gradient(forward, x):
    """The outputs, and the gradient of mean_j Var_i(y_ij) with respect to x."""
    x = x.clone().requires_grad_()
    y = forward(x)
    y.var(0, unbiased=False).mean().backward()
    return y.detach(), x.grad


# ---------------------------------------------------------------------------------------------------------------------- the twin


class Twin(nn.Module):
    """An ONNX graph written node by node, and the same function in PyTorch.

    Every node comes with its meaning as a function of tensors. As the graph is written the calibration images go through it, so that
    batch norm statistics can be taken from the values at hand (`self.value`).
    """

    def __init__(self, case, images):
        super().__init__()
        self.case = case
        self.nodes = []
        self.initialisers = []
        self.steps = []
        self.values = {case.input: images}
        self.count = 0

    def unique(self, stem):
        self.count += 1
        return f"{stem}_{self.count}"

    def value(self, name):
        return self.values[name]

    def weight(self, array, name="const"):
        """An initialiser; arrays of floats become float32, those of integers int64."""
        array = np.asarray(array)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        name = self.unique(name)
        self.initialisers.append(numpy_helper.from_array(array, name))
        self.values[name] = torch.from_numpy(array)
        self.register_buffer(name.replace("/", "__").replace(".", "__"), self.values[name])
        return name

    def random(self, *shape, fan_in=None, gain=1.3, name="const"):
        return self.weight(torch.randn(*shape).numpy() * gain / math.sqrt(fan_in or 1), name)

    def raw(self, op, inputs, name=None, **attributes):
        """A node outside the function in PyTorch (arithmetic on shapes)."""
        out = self.unique(name or op)
        self.nodes.append(helper.make_node(op, inputs, [out], name=out, **attributes))
        return out

    def node(self, op, inputs, meaning, name=None, outputs=1, **attributes):
        """A node with its meaning; inputs which the meaning does not have (shapes) may be outside the function in PyTorch."""
        outs = [self.unique(name or op) for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, outs, name=outs[0], **attributes))
        known = [i for i in inputs if i in self.values]
        self.steps.append((meaning, known, outs))
        results = meaning(*[self.values[i] for i in known])
        for out, result in zip(outs, results if outputs > 1 else [results]):
            self.values[out] = result
        return outs[0] if outputs == 1 else outs

    def batch_norm(self, x, epsilon=1e-3):
        """Batch normalisation of [N, C, ...] with the statistics of the values at hand."""
        v = self.value(x)
        dims = [i for i in range(v.ndim) if i != 1]
        c = v.shape[1]
        scale, shift = 0.6 + 0.8 * torch.rand(c), 0.15 * torch.randn(c)
        mean, var = v.mean(dims), v.var(dims, unbiased=False)
        weights = [self.weight(w.numpy(), n) for w, n in ((scale, "gamma"), (shift, "beta"), (mean, "mean"), (var, "var"))]
        meaning = lambda x, s, b, m, v: F.batch_norm(x, m, v, s, b, eps=epsilon)
        return self.node("BatchNormalization", [x, *weights], meaning, epsilon=epsilon)

    def head(self, x, outputs, gemm=True):
        """A dense layer from [N, F] whose outputs have unit variance: Gemm, or MatMul and Add."""
        v = self.value(x)
        w = torch.randn(v.shape[1], outputs) / math.sqrt(v.shape[1])
        y = v @ w
        w, b = w / y.std(0), -y.mean(0) / y.std(0) + torch.empty(outputs).uniform_(-0.5, 0.5)
        w, b = self.weight(w.numpy(), "head/kernel"), self.weight(b.numpy(), "head/bias")
        if gemm:
            return self.node("Gemm", [x, w, b], lambda x, w, b: x @ w + b)
        return self.node("Add", [self.node("MatMul", [x, w], torch.matmul), b], torch.add)

    def finish(self, x):
        """Names the output; the last thing to do."""
        self.nodes.append(helper.make_node("Identity", [x], [self.case.output]))
        self.steps.append((lambda v: v, [x], [self.case.output]))
        self.values[self.case.output] = self.values[x]

    def forward(self, x):
        values = {self.case.input: x}
        for tensor in self.initialisers:
            w = getattr(self, tensor.name.replace("/", "__").replace(".", "__"))
            values[tensor.name] = w.to(x.dtype) if w.is_floating_point() else w
        for meaning, inputs, outs in self.steps:
            results = meaning(*[values[i] for i in inputs])
            for out, result in zip(outs, results if len(outs) > 1 else [results]):
                values[out] = result
        return values[self.case.output]

    def model(self):
        shape = list(self.values[self.case.input].shape)
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            self.case.name,
            [info(self.case.input, TensorProto.FLOAT, ["batch", *shape[1:]])],
            [info(self.case.output, TensorProto.FLOAT, ["batch", self.values[self.case.output].shape[1]])],
            self.initialisers,
        )
        opsets = [helper.make_opsetid("", self.case.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets))


# ----------------------------------------------------------------------------------------------------------------- make one model


def export(case, model, x, path):
    """torch.onnx.export with the options of the case."""
    image_axes = {0: "batch"} if case.axes == "batch" else {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        model,
        x[:1] if case.axes == "fixed" else x[:2],
        str(path),
        input_names=[case.input],
        output_names=[case.output],
        opset_version=case.opset,
        dynamic_axes=None if case.axes == "fixed" else {case.input: image_axes, case.output: {0: "batch"}},
        do_constant_folding=case.fold_constants,
        keep_initializers_as_inputs=case.initialisers_as_inputs,
        training=torch.onnx.TrainingMode.PRESERVE if case.keep_bn else torch.onnx.TrainingMode.EVAL,
    )


def round_weights_to_half(model):
    """Rounds weights to half precision, for a model whose file stores them so."""
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()


def store_weights_as_half(proto):
    """Stores floating point initialisers in half precision, each with a Cast back to single precision."""
    casts = []
    for tensor in proto.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name + "_fp16"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], name=f"Cast_{name}", to=TensorProto.FLOAT))
    nodes = casts + list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


class Unsuitable(Exception):
    """The random model or its images make a poor reference."""


def make(case, out):
    """Makes one model and its references, with the first seed that suits; returns its entry in the index."""
    for attempt in range(MAX_ATTEMPTS):
        try:
            return make_with_seed(case, out, zlib.crc32(case.name.encode()) + attempt)
        except Unsuitable as reason:
            print(f"{case.name}: {reason}", flush=True)
    raise SystemExit(f"{case.name}: no seed suits")


def make_with_seed(case, out, seed):
    torch.manual_seed(seed)
    path = out / f"{case.name}.onnx"

    images = make_images(N_CALIBRATION, case.channels, case.size)
    x = images[:N_IMAGES]
    if case.twin:
        nhwc = images.permute(0, 2, 3, 1).contiguous()
        # Keras keeps channels last.
        images = nhwc if case.twin == "nhwc" else images
        x = images[:N_IMAGES]
        model = Twin(case, images)
        case.build(model)
        onnx.save(model.model(), str(path))
    else:
        model = case.build()
        initialise(model)
        calibrate(model, images)
        if case.storage == "half":
            round_weights_to_half(model)
        export(case, model, x, path)

    proto = onnx.load(str(path))
    if case.axes == "traced as any size":
        for dim, length in zip(proto.graph.input[0].type.tensor_type.shape.dim[2:], case.size):
            dim.dim_value = length
        onnx.save(proto, str(path))
    if case.storage == "half":
        store_weights_as_half(proto)
        onnx.save(proto, str(path))
    elif case.storage == "external":
        data = path.with_suffix(".onnx.data")
        data.unlink(missing_ok=True)
        onnx.save(proto, str(path), save_as_external_data=True, location=data.name, size_threshold=256)
    onnx.checker.check_model(str(path))

    y32, g32 = variance_gradient(model, x)
    exact = copy.deepcopy(model).double()
    y, g = variance_gradient(exact, x.double())
    if not (torch.isfinite(y).all() and torch.isfinite(g).all()):
        raise Unsuitable("not finite")
    if y.std(0).min() < 0.02:
        raise Unsuitable("the outputs do not vary")
    largest = g.abs().max()
    if largest < 1e-6:
        raise Unsuitable("no gradient")
    nudged = x.double() * (1 + NUDGE * torch.randn(x.shape, dtype=torch.float64))
    _, g_nudged = variance_gradient(exact, nudged)
    rounding, nudge = (float((g - other).abs().max() / largest) for other in (g32, g_nudged))
    if rounding > MAX_ROUNDING or nudge > MAX_NUDGED:
        raise Unsuitable(f"single precision is off by {rounding:.0e}, nudged images by {nudge:.0e}")
    np.savez_compressed(path.with_suffix(".npz"), x=x.numpy(), y=y.float().numpy(), g=g.float().numpy())

    print(
        f"{case.name:28} opset {case.opset:2}  {path.stat().st_size / 1024:5.0f} KB + {path.with_suffix('.npz').stat().st_size / 1024:4.0f} KB"
        f"  std y {y.std(0).min():.2g}  max |g| {largest:.2g}  rounding {rounding:.0e}  nudge {nudge:.0e}",
        flush=True,
    )
    return {"name": case.name, "opset": case.opset, "input": case.input, "output": case.output, "note": case.note}


# --------------------------------------------------------------------------------------------------------- convolutional families


def dense_head(features, outputs=2, hidden=(), activation=nn.ReLU, dropout=0.2):
    """A stack of dense layers with dropout between them."""
    layers = []
    for width in hidden:
        layers += [nn.Linear(features, width), activation(), nn.Dropout(dropout)]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, outputs))


class ResNet(resnet.ResNet):
    """torchvision's ResNet with narrow stages."""

    def __init__(self, block, widths=(6, 10, 16, 24), layers=(1, 1, 1, 1), groups=1, base_width=64, head=None):
        super().__init__(block, [1, 1, 1, 1])
        self.inplanes, self.groups, self.base_width = widths[0], groups, base_width
        self.conv1 = nn.Conv2d(3, widths[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        for i, (width, n) in enumerate(zip(widths, layers)):
            setattr(self, f"layer{i + 1}", self._make_layer(block, width, n, stride=1 if i == 0 else 2))
        features = widths[-1] * block.expansion
        self.fc = head(features) if head else nn.Linear(features, 2)


case("resnet_opset9", 9, "ResNet, basic blocks; initialisers listed as inputs", lambda: ResNet(resnet.BasicBlock),
     size=(40, 40), initialisers_as_inputs=True)
case("resnet_opset11", 11, "ResNet, basic blocks, two in the first stage; BatchNormalization kept",
     lambda: ResNet(resnet.BasicBlock, layers=(2, 1, 1, 1)), size=(40, 40), keep_bn=True)
case("resnet_opset13", 13, "ResNet, basic blocks; three dense layers with dropout",
     lambda: ResNet(resnet.BasicBlock, head=partial(dense_head, outputs=3, hidden=(16, 12))), size=(40, 40))
case("resnet_opset17", 17, "ResNet, basic blocks; BatchNormalization kept, no constant folding",
     lambda: ResNet(resnet.BasicBlock), size=(40, 40), keep_bn=True, fold_constants=False)
case("resnet_bottleneck_opset12", 12, "ResNet, bottleneck blocks", lambda: ResNet(resnet.Bottleneck, (4, 5, 6, 8), (1, 2, 1, 1)),
     size=(40, 40))
case("resnext_opset14", 14, "ResNeXt: grouped convolutions; BatchNormalization kept",
     lambda: ResNet(resnet.Bottleneck, (4, 5, 6, 8), groups=4, base_width=32), size=(40, 40), keep_bn=True)


class VGG(vgg.VGG):
    def __init__(self, batch_norm):
        super().__init__(vgg.make_layers([6, "M", 10, "M", 12, 16, "M"], batch_norm), num_classes=1, init_weights=False)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = dense_head(16 * 4, hidden=(24, 16), dropout=0.5)


case("vgg_opset10", 10, "VGG: adaptive average pool to 2 x 2, flatten, three dense layers with dropout", lambda: VGG(False))
case("vgg_bn_opset13", 13, "VGG with batch norm; BatchNormalization kept", lambda: VGG(True), keep_bn=True)


class MobileNetV1(nn.Module):
    """Depthwise separable convolutions with ReLU6."""

    def __init__(self):
        super().__init__()

        def conv(c_in, c_out, stride, groups=1, kernel=3):
            layers = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
            return nn.Sequential(layers, nn.BatchNorm2d(c_out), nn.ReLU6(inplace=True))

        layers = [conv(3, 8, 2)]
        for c_in, c_out, stride in ((8, 16, 1), (16, 24, 2), (24, 24, 1), (24, 32, 2), (32, 48, 1)):
            layers += [conv(c_in, c_in, stride, groups=c_in), conv(c_in, c_out, 1, kernel=1)]
        self.model = nn.Sequential(*layers, nn.AvgPool2d(4))
        self.fc = nn.Linear(48, 2)

    def forward(self, x):
        return self.fc(self.model(x).view(-1, 48))


case("mobilenet_v1_opset13", 13, "MobileNetV1: AvgPool2d and view(-1, 48) before the dense layer", MobileNetV1)


def mobilenet_v2():
    model = mobilenetv2.MobileNetV2(
        num_classes=2, width_mult=0.25, round_nearest=4,
        inverted_residual_setting=[[1, 32, 1, 1], [4, 32, 2, 2], [4, 48, 2, 2], [4, 64, 1, 1]],
    )
    model.features[-1] = Conv2dNormActivation(16, 48, kernel_size=1, activation_layer=nn.ReLU6)
    model.classifier[1] = nn.Linear(48, 2)
    return model


case("mobilenet_v2_opset9", 9, "MobileNetV2; Clip with attributes", mobilenet_v2)
case("mobilenet_v2_opset11", 11, "MobileNetV2; BatchNormalization kept", mobilenet_v2, keep_bn=True)
case("mobilenet_v2_opset14", 14, "MobileNetV2", mobilenet_v2)


def mobilenet_v3():
    setting = partial(mobilenetv3.InvertedResidualConfig, width_mult=1)
    blocks = [
        setting(8, 3, 8, 8, True, "RE", 2, 1),
        setting(8, 3, 24, 12, False, "RE", 1, 1),
        setting(12, 5, 32, 16, True, "HS", 2, 1),
        setting(16, 5, 48, 16, True, "HS", 1, 2),
    ]
    return mobilenetv3.MobileNetV3(blocks, last_channel=48, num_classes=2)


case("mobilenet_v3_opset9", 9, "MobileNetV3: squeeze and excitation, hardswish and hardsigmoid from Clip", mobilenet_v3)
case("mobilenet_v3_opset11", 11, "MobileNetV3; BatchNormalization kept", mobilenet_v3, keep_bn=True)
case("mobilenet_v3_opset15", 15, "MobileNetV3; HardSwish and HardSigmoid", mobilenet_v3)


def efficientnet_v1():
    setting = partial(efficientnet.MBConvConfig, width_mult=1, depth_mult=1)
    blocks = [setting(1, 3, 1, 32, 8, 1), setting(4, 3, 2, 8, 12, 2), setting(4, 5, 2, 12, 16, 1)]
    return efficientnet.EfficientNet(blocks, dropout=0.2, num_classes=2)
    return model


def efficientnet_v2():
    fused, plain = efficientnet.FusedMBConvConfig, efficientnet.MBConvConfig
    blocks = [fused(1, 3, 1, 8, 8, 1), fused(4, 3, 2, 8, 16, 1), plain(4, 3, 2, 16, 16, 2)]
    return efficientnet.EfficientNet(blocks, dropout=0.2, num_classes=2, last_channel=48)


case("efficientnet_opset11", 11, "EfficientNet: SiLU, squeeze and excitation; BatchNormalization kept", efficientnet_v1, keep_bn=True)
case("efficientnet_opset13", 13, "EfficientNet", efficientnet_v1)
case("efficientnet_v2_opset16", 16, "EfficientNetV2: fused blocks", efficientnet_v2)


def make_densenet(memory_efficient=False):
    return densenet.DenseNet(8, (2, 3, 2), num_init_features=12, bn_size=2, drop_rate=0.1, num_classes=2)


case("densenet_opset9", 9, "DenseNet: concatenation, batch norm before the convolutions", make_densenet)
case("densenet_opset12", 12, "DenseNet; no constant folding", make_densenet, fold_constants=False)


class NarrowGoogLeNet(GoogLeNet):
    """torchvision's GoogLeNet, narrow: max pools with ceil_mode, inputs transformed per channel."""

    def __init__(self):
        super().__init__(num_classes=2, aux_logits=False, transform_input=True, init_weights=False)
        conv, block = inception.BasicConv2d, Inception
        self.conv1 = conv(3, 6, kernel_size=7, stride=2, padding=3)
        self.conv2 = conv(6, 6, kernel_size=1)
        self.conv3 = conv(6, 12, kernel_size=3, padding=1)
        c = 12
        for name, widths in (
            ("3a", (4, 4, 6, 2, 3, 3)), ("3b", (4, 4, 6, 3, 4, 4)),
            ("4a", (5, 3, 6, 2, 3, 3)), ("4b", (5, 4, 6, 2, 4, 4)), ("4c", (4, 4, 7, 2, 4, 4)),
            ("4d", (4, 4, 7, 2, 4, 4)), ("4e", (6, 5, 8, 2, 4, 4)),
            ("5a", (6, 5, 8, 2, 4, 4)), ("5b", (8, 6, 8, 3, 4, 4)),
        ):
            setattr(self, f"inception{name}", block(c, *widths))
            c = widths[0] + widths[2] + widths[4] + widths[5]
        self.fc = nn.Linear(c, 2)


case("googlenet_opset10", 10, "GoogLeNet: ceil_mode max pools, channels indexed and concatenated again", NarrowGoogLeNet, size=(44, 44))
case("googlenet_opset14", 14, "GoogLeNet; BatchNormalization kept", NarrowGoogLeNet, size=(44, 44), keep_bn=True)


def inception_v3(divisor=32):
    """torchvision's Inception V3 with its widths divided; the first convolution has stride 1."""

    stem = {(3, 32): (3, 4), (32, 32): (4, 4), (32, 64): (4, 6), (64, 80): (6, 6), (80, 192): (6, 6)}

    def conv(c_in, c_out, **options):
        if c_in == 3:
            options["stride"] = 1
        divided = math.ceil(c_in / divisor), math.ceil(c_out / divisor)
        return inception.BasicConv2d(*stem.get((c_in, c_out), divided), **options)

    blocks = [inception.InceptionA, inception.InceptionB, inception.InceptionC, inception.InceptionD, inception.InceptionE]
    a, b, c, d, e = (partial(block, conv_block=conv) for block in blocks)
    model = inception.Inception3(2, False, True, [conv, a, b, c, d, e, inception.InceptionAux], False)
    # One block of each kind is enough, but for two of the first, without which the widths do not meet.
    for name in ("Mixed_5d", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7c"):
        setattr(model, name, nn.Identity())
    model.fc = nn.Linear(2048 // divisor, 2)
    return model


class AveragePoolInception(nn.Module):
    """Inception blocks as InceptionV4 has them: asymmetric kernels, and average pools which leave the padding out."""

    def __init__(self, c_in, c):
        super().__init__()
        conv = inception.BasicConv2d
        self.branch0 = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), conv(c_in, c, kernel_size=1))
        self.branch1 = nn.Sequential(conv(c_in, c, kernel_size=(1, 7), padding=(0, 3)), conv(c, c, kernel_size=(7, 1), padding=(3, 0)))
        self.branch2 = nn.Sequential(conv(c_in, c, kernel_size=1), conv(c, c, kernel_size=(1, 3), padding=(0, 1)))
        self.branch3 = conv(c_in, c, kernel_size=(3, 1), stride=1, padding=(1, 0))

    def forward(self, x):
        return torch.cat((self.branch0(x), self.branch1(x), self.branch2(x), self.branch3(x)), 1)


class InceptionV4(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = inception.BasicConv2d(3, 8, kernel_size=3, stride=2)
        self.pool = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=True)
        self.blocks = nn.Sequential(AveragePoolInception(8, 6), nn.MaxPool2d(3, 2), AveragePoolInception(24, 8))
        self.last_linear = nn.Linear(32, 2)

    def forward(self, x):
        x = self.blocks(self.pool(self.stem(x)))
        x = F.avg_pool2d(x, kernel_size=3)
        return self.last_linear(x.view(x.size(0), -1))


case("inception_v3_opset11", 11, "Inception V3: 1 x 7 and 7 x 1 kernels, AveragePool which counts padding", inception_v3, size=(44, 44))
case("inception_v4_opset9", 9, "blocks of Inception V4: AveragePool with count_include_pad both ways", InceptionV4)
case("inception_v4_opset13", 13, "blocks of Inception V4; BatchNormalization kept", InceptionV4, keep_bn=True)


class SqueezeNet(nn.Module):
    """Fire modules, ceil_mode max pools, and a dense layer for regression after the average."""

    def __init__(self):
        super().__init__()
        fire = squeezenet.Fire
        self.features = nn.Sequential(
            nn.Conv2d(3, 12, kernel_size=3, stride=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True),
            fire(12, 4, 8, 8), fire(16, 4, 8, 8), nn.MaxPool2d(3, 2, ceil_mode=True), fire(16, 6, 12, 12), fire(24, 6, 12, 12),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Conv2d(24, 20, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)))
        self.fc = nn.Linear(20, 2)

    def forward(self, x):
        return self.fc(torch.flatten(self.classifier(self.features(x)), 1))


case("squeezenet_opset13", 13, "SqueezeNet: ceil_mode max pools", SqueezeNet)


def shufflenet():
    return shufflenetv2.ShuffleNetV2([2, 2, 1], [12, 16, 24, 32, 40], num_classes=2)


case("shufflenet_opset9_fixed_batch", 9, "ShuffleNetV2 exported for one image: the sizes in its reshapes are constants", shufflenet,
     size=(40, 40), axes="fixed")
case("shufflenet_opset11", 11, "ShuffleNetV2: chunk, channel shuffle; BatchNormalization kept, no constant folding", shufflenet, size=(40, 40), keep_bn=True,
     fold_constants=False)
case("shufflenet_opset16", 16, "ShuffleNetV2", shufflenet, size=(40, 40))


def make_regnet():
    blocks = regnet.BlockParams([1, 1, 2], [8, 16, 24], [4, 8, 8], [1.0, 1.0, 1.0], [2, 2, 2], se_ratio=0.25)
    return regnet.RegNet(blocks, num_classes=2, stem_width=8)


case("regnet_opset13", 13, "RegNetY: grouped convolutions, squeeze and excitation", make_regnet)
# ---------------------------------------------------------------------------------------------------------------------------- main


def main():
    parser = argparse.ArgumentParser(description="Makes reference gradients with PyTorch.")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "test" / "references")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="make these models only, and keep the rest of the index")
    parser.add_argument("--list", action="store_true", help="print the names, and make nothing")
    options = parser.parse_args()
    if options.list:
        print("\n".join(c.name for c in CASES))
        return
    names = [c.name for c in CASES]
    unknown = set(options.only or []) - set(names)
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    options.out.mkdir(parents=True, exist_ok=True)
    index_path = options.out / "index.json"
    index = {e["name"]: e for e in json.loads(index_path.read_text())} if options.only and index_path.exists() else {}
    for c in CASES:
        if not options.only or c.name in options.only:
            index[c.name] = make(c, options.out)
    entries = [index[name] for name in names if name in index]
    index_path.write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
