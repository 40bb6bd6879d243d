#!/usr/bin/python3
"""Makes the reference gradients under test/references/ with PyTorch.

DRMGuard writes the gradient of an ONNX graph as another ONNX graph. To test its gradient rules against somebody else's
differentiation, this script builds small, randomly initialised regression networks of many families, exports them to ONNX, and
stores beside each X.onnx an X.npz (compressed) with

    x  float32 [4, ...]  smooth random images in [0, 1], in the layout of the model's input
    y  float32 [4, d]    the outputs in evaluation mode
    g  float32 [4, ...]  the gradient of mean_j Var_i(y_ij) (population variance over the batch) with respect to x

The references are computed in double precision and rounded once (g to about a millionth of its largest entry, for small files). The script refuses a random model whose gradient strays from them
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
from torchvision.models import convnext, densenet, efficientnet, inception, mobilenetv2, mobilenetv3, regnet, resnet
from torchvision.models import shufflenetv2, squeezenet, swin_transformer, vgg, vision_transformer
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
    # Modules which become functions of the model (opset 15 and newer).
    functions: tuple = ()
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
    # Multiples of 2^-11 keep the files small.
    return torch.round((brightness + contrast * image) * 2**11) / 2**11


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
        export_modules_as_functions=set(case.functions) or False,
    )


def round_weights_to_half(model):
    """Rounds weights to half precision, for a model whose file stores them so."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            tensor.data = tensor.data.half().float()


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
    # Multiples of a millionth, about, of the largest entry keep the files small.
    step = 2.0 ** (math.floor(math.log2(largest)) - 19)
    np.savez_compressed(path.with_suffix(".npz"), x=x.numpy(), y=y.float().numpy(),
        g=(torch.round(g / step) * step).float().numpy())

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
     size=(36, 36), initialisers_as_inputs=True)
case("resnet_opset11", 11, "ResNet, basic blocks, two in the first stage; BatchNormalization kept",
     lambda: ResNet(resnet.BasicBlock, layers=(2, 1, 1, 1)), size=(36, 36), keep_bn=True)
case("resnet_opset13", 13, "ResNet, basic blocks; three dense layers with dropout",
     lambda: ResNet(resnet.BasicBlock, head=partial(dense_head, outputs=3, hidden=(16, 12))), size=(36, 36))
case("resnet_opset17", 17, "ResNet, basic blocks; BatchNormalization kept, no constant folding",
     lambda: ResNet(resnet.BasicBlock), size=(36, 36), keep_bn=True, fold_constants=False)
case("resnet_bottleneck_opset12", 12, "ResNet, bottleneck blocks", lambda: ResNet(resnet.Bottleneck, (4, 5, 6, 8), (1, 2, 1, 1)),
     size=(36, 36))
case("resnext_opset14", 14, "ResNeXt: grouped convolutions; BatchNormalization kept",
     lambda: ResNet(resnet.Bottleneck, (4, 5, 6, 8), groups=4, base_width=32), size=(36, 36), keep_bn=True)


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


case("efficientnet_opset11", 11, "EfficientNet: SiLU, squeeze and excitation; BatchNormalization kept", efficientnet_v1,
    keep_bn=True)
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


case("googlenet_opset10", 10, "GoogLeNet: ceil_mode max pools, channels indexed and concatenated again", NarrowGoogLeNet,
    size=(36, 36))
case("googlenet_opset14", 14, "GoogLeNet; BatchNormalization kept", NarrowGoogLeNet, size=(36, 36), keep_bn=True)


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
        self.branch1 = nn.Sequential(conv(c_in, c, kernel_size=(1, 7), padding=(0, 3)),
            conv(c, c, kernel_size=(7, 1), padding=(3, 0)))
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


case("inception_v3_opset11", 11, "Inception V3: 1 x 7 and 7 x 1 kernels, AveragePool which counts padding", inception_v3,
    size=(40, 40))
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
     size=(36, 36), axes="fixed")
case("shufflenet_opset11", 11, "ShuffleNetV2: chunk, channel shuffle; BatchNormalization kept, no constant folding", shufflenet,
    size=(36, 36), keep_bn=True,
     fold_constants=False)
case("shufflenet_opset16", 16, "ShuffleNetV2", shufflenet, size=(36, 36))


def make_regnet():
    blocks = regnet.BlockParams([1, 1, 2], [8, 16, 24], [4, 8, 8], [1.0, 1.0, 1.0], [2, 2, 2], se_ratio=0.25)
    return regnet.RegNet(blocks, num_classes=2, stem_width=8)


case("regnet_opset13", 13, "RegNetY: grouped convolutions, squeeze and excitation", make_regnet)
# ------------------------------------------------------------------------------------------------------------------ transformers


def make_convnext():
    blocks = [convnext.CNBlockConfig(8, 12, 1), convnext.CNBlockConfig(12, 16, 2), convnext.CNBlockConfig(16, None, 1)]
    return convnext.ConvNeXt(blocks, stochastic_depth_prob=0.1, layer_scale=0.5, num_classes=2)


case("convnext_opset13", 13, "ConvNeXt: layer norm from ReduceMean, permutations, GELU from Erf, layer scale", make_convnext,
    size=(36, 36))
case("convnext_opset17", 17, "ConvNeXt; LayerNormalization", make_convnext, size=(36, 36))


def make_vit(outputs=2):
    return vision_transformer.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=4, hidden_dim=24, mlp_dim=48, dropout=0.1, num_classes=outputs
    )


case("vit_opset9_fixed_batch", 9, "vision transformer exported for one image: the sizes in its reshapes are constants", make_vit,
    axes="fixed")
case("vit_opset12", 12, "vision transformer of torchvision; no constant folding", make_vit, fold_constants=False)
case("vit_opset17", 17, "vision transformer; LayerNormalization", lambda: make_vit(3))


class Mlp(nn.Module):
    def __init__(self, features, hidden, activation):
        super().__init__()
        self.fc1, self.act, self.drop = nn.Linear(features, hidden), activation, nn.Dropout(0.1)
        self.fc2 = nn.Linear(hidden, features)

    def forward(self, x):
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class TimmAttention(nn.Module):
    """Self attention as timm writes it: one dense layer for queries, keys and values, told apart by reshape, permute and unbind."""

    def __init__(self, features, heads):
        super().__init__()
        self.heads, self.scale = heads, (features // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(features, 3 * features), nn.Linear(features, features)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attention = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.proj((attention @ v).transpose(1, 2).reshape(b, n, c))


class EinsumAttention(TimmAttention):
    """Self attention by einsum, with queries, keys and values told apart by chunk."""

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = (t.view(b, n, self.heads, -1) for t in self.qkv(x).chunk(3, dim=-1))
        attention = torch.softmax(torch.einsum("bihd,bjhd->bhij", q, k) * self.scale, dim=-1)
        return self.proj(torch.einsum("bhij,bjhd->bihd", attention, v).flatten(2))


class TimmBlock(nn.Module):
    def __init__(self, features, heads, attention, activation):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(features, eps=1e-6), nn.LayerNorm(features, eps=1e-6)
        self.attn, self.mlp = attention(features, heads), Mlp(features, 2 * features, activation)
        self.gamma = nn.Parameter(torch.ones(features))

    def forward(self, x):
        x = x + self.gamma * self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class TimmViT(nn.Module):
    """A vision transformer as timm writes it: class token by expand, concatenation and addition of the positions."""

    def __init__(self, attention=TimmAttention, activation=nn.GELU(), pool="token", features=24):
        super().__init__()
        self.pool = pool
        self.patch = nn.Conv2d(3, features, 8, stride=8)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, features))
        self.pos_embed = nn.Parameter(torch.zeros(1, 17, features))
        self.blocks = nn.Sequential(*[TimmBlock(features, 3, attention, activation) for _ in range(2)])
        self.norm = nn.LayerNorm(features, eps=1e-6)
        self.head = nn.Linear(features, 2)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1) + self.pos_embed
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0] if self.pool == "token" else x[:, 1:].mean(dim=1))


case("vit_timm_opset11", 11, "vision transformer in timm's style: unbind, expanded class token; no constant folding", TimmViT,
     fold_constants=False)
case("vit_timm_opset14", 14, "vision transformer in timm's style; GELU from Tanh, mean of the tokens",
     lambda: TimmViT(activation=nn.GELU(approximate="tanh"), pool="mean"))
case("vit_einsum_opset12", 12, "vision transformer; Einsum, chunk", lambda: TimmViT(EinsumAttention))
case("vit_einsum_opset16", 16, "vision transformer; Einsum, chunk", lambda: TimmViT(EinsumAttention, nn.SiLU(), "mean"))


def make_swin(depths=(2, 1)):
    # Dropout stays 0: torchvision 0.14 would apply it in evaluation mode too.
    return swin_transformer.SwinTransformer([2, 2], 12, list(depths), [2, 3], [4, 4], mlp_ratio=2.0, num_classes=2)


def window_partition(x, size):
    b, h, w, c = x.shape
    x = x.view(b, h // size, size, w // size, size, c)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, size, size, c)


def window_reverse(windows, size, h, w):
    c = windows.shape[-1]
    x = windows.view(-1, h // size, w // size, size, size, c)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, h, w, c)


class WindowAttention(nn.Module):
    """Attention inside windows with a bias for relative positions, as in the first Swin transformer."""

    def __init__(self, features, window, heads):
        super().__init__()
        self.heads, self.scale, self.area = heads, (features // heads) ** -0.5, window * window
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        coordinates = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        relative = (coordinates[:, :, None] - coordinates[:, None, :]) + window - 1
        self.register_buffer("relative_position_index", relative[0] * (2 * window - 1) + relative[1])
        self.qkv, self.proj = nn.Linear(features, 3 * features), nn.Linear(features, features)

    def forward(self, x, mask=None):
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0] * self.scale, qkv[1], qkv[2]
        attention = q @ k.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.relative_position_index.view(-1)].view(self.area, self.area, -1)
        attention = attention + bias.permute(2, 0, 1).contiguous().unsqueeze(0)
        if mask is not None:
            windows = mask.shape[0]
            attention = attention.view(b // windows, windows, self.heads, n, n) + mask.unsqueeze(1).unsqueeze(0)
            attention = attention.view(-1, self.heads, n, n)
        x = (attention.softmax(dim=-1) @ v).transpose(1, 2).reshape(b, n, c)
        return self.proj(x)


class WindowAttentionV2(WindowAttention):
    """Cosine attention with a learnt temperature, and a bias for relative positions from a small network, as in Swin V2."""

    def __init__(self, features, window, heads):
        super().__init__(features, window, heads)
        del self.relative_position_bias_table
        self.logit_scale = nn.Parameter(torch.zeros(heads, 1, 1))
        self.cpb_mlp = nn.Sequential(nn.Linear(2, 16), nn.ReLU(inplace=True), nn.Linear(16, heads, bias=False))
        steps = torch.arange(-(window - 1), window, dtype=torch.float32) * 8 / (window - 1)
        table = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), -1)
        self.register_buffer("relative_coords_table", torch.sign(table) * torch.log2(table.abs() + 1) / 3)

    def forward(self, x, mask=None):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attention = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        attention = attention * torch.clamp(self.logit_scale, max=math.log(100)).exp()
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.heads)
        bias = table[self.relative_position_index.view(-1)].view(self.area, self.area, -1).permute(2, 0, 1).contiguous()
        attention = attention + (16 * torch.sigmoid(bias)).unsqueeze(0)
        if mask is not None:
            windows = mask.shape[0]
            attention = attention.view(-1, windows, self.heads, n, n) + mask.unsqueeze(1).unsqueeze(0)
            attention = attention.view(-1, self.heads, n, n)
        return self.proj((attention.softmax(dim=-1) @ v).transpose(1, 2).reshape(b, n, c))


class SwinBlock(nn.Module):
    def __init__(self, features, heads, side, window, shift, attention=WindowAttention):
        super().__init__()
        self.side, self.window, self.shift = side, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(features), nn.LayerNorm(features)
        self.attn, self.mlp = attention(features, window, heads), Mlp(features, 2 * features, nn.GELU())
        if shift:
            region = torch.zeros(1, side, side, 1)
            cuts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
            for i, rows in enumerate(cuts):
                for j, columns in enumerate(cuts):
                    region[:, rows, columns, :] = 3 * i + j
            region = window_partition(region, window).view(-1, window * window)
            difference = region.unsqueeze(1) - region.unsqueeze(2)
            mask = difference.masked_fill(difference != 0, -100.0).masked_fill(difference == 0, 0.0)
        self.register_buffer("attn_mask", mask if shift else None)

    def forward(self, x):
        b, n, c = x.shape
        shortcut = x
        x = self.norm1(x).view(b, self.side, self.side, c)
        if self.shift:
            x = torch.roll(x, shifts=(-self.shift, -self.shift), dims=(1, 2))
        windows = window_partition(x, self.window).view(-1, self.window * self.window, c)
        windows = self.attn(windows, self.attn_mask).view(-1, self.window, self.window, c)
        x = window_reverse(windows, self.window, self.side, self.side)
        if self.shift:
            x = torch.roll(x, shifts=(self.shift, self.shift), dims=(1, 2))
        x = shortcut + x.view(b, n, c)
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    def __init__(self, features, side):
        super().__init__()
        self.side = side
        self.norm, self.reduction = nn.LayerNorm(4 * features), nn.Linear(4 * features, 2 * features, bias=False)

    def forward(self, x):
        b, _, c = x.shape
        x = x.view(b, self.side, self.side, c)
        x = torch.cat([x[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)], -1)
        return self.reduction(self.norm(x.view(b, -1, 4 * c)))


class TimmSwin(nn.Module):
    """The first Swin transformer as its authors and timm write it."""

    def __init__(self, attention=WindowAttention, features=12):
        super().__init__()
        self.patch, self.norm0 = nn.Conv2d(3, features, 4, stride=4), nn.LayerNorm(features)
        self.blocks = nn.Sequential(
            SwinBlock(features, 2, 8, 4, 0, attention), SwinBlock(features, 2, 8, 4, 2, attention),
            PatchMerging(features, 8), SwinBlock(2 * features, 3, 4, 2, 1, attention),
        )
        self.norm, self.avgpool = nn.LayerNorm(2 * features), nn.AdaptiveAvgPool1d(1)
        self.head = nn.Linear(2 * features, 2)

    def forward(self, x):
        x = self.norm0(self.patch(x).flatten(2).transpose(1, 2))
        x = self.norm(self.blocks(x))
        return self.head(torch.flatten(self.avgpool(x.transpose(1, 2)), 1))


case("swin_opset13", 13, "Swin transformer of torchvision: shifted windows with a mask, relative position bias", make_swin)
case("swin_opset17", 17, "Swin transformer of torchvision; LayerNormalization, one stage, no constant folding",
    lambda: make_swin((2,)), fold_constants=False)
case("swin_timm_opset11", 11, "Swin transformer in timm's style", TimmSwin)
case("swin_timm_opset15", 15, "Swin transformer in timm's style; no constant folding", TimmSwin, fold_constants=False)


case("swin_v2_opset14", 14, "Swin transformer, cosine attention and position bias of V2", lambda: TimmSwin(WindowAttentionV2))


class MixerBlock(nn.Module):
    def __init__(self, tokens, features):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(features), nn.LayerNorm(features)
        self.tokens, self.channels = Mlp(tokens, 2 * tokens, nn.GELU()), Mlp(features, 2 * features, nn.GELU())

    def forward(self, x):
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 8, stride=8)
        self.blocks, self.norm, self.head = nn.Sequential(MixerBlock(16, 16), MixerBlock(16, 16)), nn.LayerNorm(16), nn.Linear(16,
            2)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.patch(x).flatten(2).transpose(1, 2))).mean(1))


case("mixer_opset16", 16, "MLP-Mixer: dense layers over tokens and over channels", Mixer)


# --------------------------------------------------------------------------------------------------------------- heads of regression


def conv_bn(c_in, c_out, stride=2, activation=nn.ReLU, kernel=3):
    return nn.Sequential(nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(c_out), activation())


def small_backbone(features=24):
    """Three strided convolutions, as [N, features, 4, 4] from 32 x 32 pixels."""
    return nn.Sequential(conv_bn(3, 8), conv_bn(8, 16), conv_bn(16, features))


class Hopenet(nn.Module):
    """Yaw, pitch and roll, each the expectation of a softmax over bins."""

    def __init__(self, how, bins=16):
        super().__init__()
        self.how = how
        self.features, self.avgpool = small_backbone(), nn.AdaptiveAvgPool2d(1)
        self.fc_yaw, self.fc_pitch, self.fc_roll = (nn.Linear(24, bins) for _ in range(3))
        self.regression_heads = [self.fc_yaw, self.fc_pitch, self.fc_roll]
        self.register_buffer("index", torch.arange(bins, dtype=torch.float32))

    def forward(self, x):
        x = self.avgpool(self.features(x))
        x = x.view(x.size(0), -1)
        angles = []
        for layer in self.regression_heads:
            p = F.softmax(layer(x), dim=1)
            angle = torch.sum(p * self.index, 1) * 3 - 24
            angles.append(angle.unsqueeze(1) if self.how == "cat" else angle)
        return torch.cat(angles, dim=1) if self.how == "cat" else torch.stack(angles, dim=-1)


case("hopenet_opset11", 11, "Hopenet: expected angles of three binned softmaxes, concatenated", lambda: Hopenet("cat"))
case("hopenet_opset13", 13, "Hopenet: stacked; BatchNormalization kept", lambda: Hopenet("stack"), keep_bn=True)


def normalise_vector(v):
    """As 6DRepNet and others write it."""
    length = torch.sqrt(v.pow(2).sum(1))
    length = torch.max(length, torch.tensor([1e-8], dtype=v.dtype))
    return v / length.view(v.shape[0], 1).expand(v.shape[0], v.shape[1])


def cross_product(u, v):
    i = u[:, 1] * v[:, 2] - u[:, 2] * v[:, 1]
    j = u[:, 2] * v[:, 0] - u[:, 0] * v[:, 2]
    k = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    return torch.cat((i.view(-1, 1), j.view(-1, 1), k.view(-1, 1)), 1)


class SixD(nn.Module):
    """A rotation from six numbers: orthogonalised by normalisations and cross products."""

    def __init__(self, form):
        super().__init__()
        self.form = form
        self.features, self.fc = small_backbone(), nn.Linear(24, 6)

    def rotation(self, x):
        z = self.fc(torch.mean(self.features(x), (2, 3)))
        if self.form == "gram-schmidt":
            # As Zhou and others: projections subtracted, F.normalize, torch.cross.
            a, b = z.view(-1, 2, 3).unbind(1)
            first = F.normalize(a, dim=-1)
            second = F.normalize(b - (first * b).sum(-1, keepdim=True) * first, dim=-1)
            return torch.stack((first, second, torch.cross(first, second, dim=-1)), dim=-2)
        first = normalise_vector(z[:, 0:3])
        third = normalise_vector(cross_product(first, z[:, 3:6]))
        second = cross_product(third, first)
        return torch.cat((first.view(-1, 3, 1), second.view(-1, 3, 1), third.view(-1, 3, 1)), 2)

    def forward(self, x):
        r = self.rotation(x)
        if self.form != "euler":
            return r[:, :2].flatten(1)
        length = torch.sqrt(r[:, 0, 0] * r[:, 0, 0] + r[:, 1, 0] * r[:, 1, 0] + 1e-6)
        pitch, yaw, roll = self.arctangent(r[:, 2, 1], r[:, 2, 2]), torch.asin(-0.99 * r[:, 2, 0]), torch.atan(r[:, 1, 0] / length)
        return torch.stack((pitch, yaw, roll), 1) * (180 / math.pi)

    @staticmethod
    def arctangent(y, x):
        """atan2, from atan and conditions."""
        angle = torch.atan(y / x)
        shifted = torch.where(y > 0, angle + math.pi, angle - math.pi)
        return torch.where(x < 0, shifted, angle)


case("sixd_opset12", 12, "rotation in 6D: Gram-Schmidt with F.normalize and torch.cross", lambda: SixD("gram-schmidt"))
case("sixd_columns_opset9", 9, "rotation in 6D by cross products, as in 6DRepNet", lambda: SixD("columns"))
case("sixd_euler_opset14", 14, "rotation in 6D, as Euler angles by Atan, Asin and Where", lambda: SixD("euler"))


class Landmarks(nn.Module):
    """Five landmarks: convolutions and dense layers with PReLU."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.PReLU(8), nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Conv2d(8, 16, 3), nn.PReLU(16), nn.MaxPool2d(3, 2),
            nn.Conv2d(16, 20, 2), nn.PReLU(20),
        )
        self.fc1, self.act, self.fc2 = nn.Linear(20 * 16, 24), nn.PReLU(24), nn.Linear(24, 10)

    def forward(self, x):
        x = self.features(x).transpose(3, 2).contiguous()
        return self.fc2(self.act(self.fc1(x.view(x.size(0), -1))))


class Heatmaps(nn.Module):
    """Five landmarks, each the expected position under a softmax over its heat map."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_bn(3, 12, activation=nn.PReLU), conv_bn(12, 16, 1), nn.Conv2d(16, 5, 1))
        self.register_buffer("ramp", torch.linspace(-1, 1, 14))
        self.offset = nn.Linear(16, 5)
        self.regression_heads = [self.offset]

    def forward(self, x):
        x = self.features[:2](x)
        offset = self.offset(x.mean((2, 3)))
        maps = self.features[2](x) * 2
        b, c, h, w = maps.shape
        p = F.softmax(maps.view(b, c, h * w), dim=2).view(b, c, h, w)
        columns = (p.sum(dim=2) * self.ramp).sum(dim=2)
        rows = torch.matmul(p.sum(dim=3), self.ramp) + 0.1 * offset
        return torch.stack((columns, rows), dim=2).reshape(b, 2 * c)


case("landmarks_opset11", 11, "landmark network: PReLU, ten outputs", Landmarks, size=(28, 28))
case("landmarks_opset16", 16, "landmark network; no constant folding", Landmarks, size=(28, 28), fold_constants=False)
case("heatmaps_opset13", 13, "landmarks as expected positions under softmaxes over heat maps", Heatmaps, size=(28, 28))


class Recurrent(nn.Module):
    """Recurrent layers over the rows of a map of features, as in networks for camera poses."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_bn(3, 8), conv_bn(8, 6))
        self.lstm = nn.LSTM(6 * 8, 8, bidirectional=True)
        self.gru = nn.GRU(16, 6, num_layers=2)
        self.rnn = nn.RNN(6, 6, nonlinearity="tanh")
        self.dense = nn.Linear(12, 3)

    def forward(self, x):
        rows = self.features(x).permute(2, 0, 1, 3).flatten(2)
        turned, _ = self.lstm(rows)
        gated, last = self.gru(turned)
        plain, _ = self.rnn(gated)
        return self.dense(torch.cat((plain[-1], last[1]), dim=1))


case("recurrent_opset9", 9, "LSTM both ways, two layers of GRU and an RNN over rows of features", Recurrent)
case("recurrent_opset14", 14, "recurrent layers; no constant folding", Recurrent, fold_constants=False)


class GatedBlock(nn.Module):
    """A block which becomes a function; the attribute of its LeakyReLU becomes one of the function."""

    def __init__(self, c, slope):
        super().__init__()
        self.conv, self.gate = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 1)
        self.activation, self.norm = nn.LeakyReLU(slope), nn.GroupNorm(2, c)

    def forward(self, x):
        return x + self.activation(self.norm(self.conv(x))) * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))


def make_blocks():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), GatedBlock(8, 0.2), nn.Conv2d(8, 8, 3, 2, 1), GatedBlock(8, 0.05), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(32, 2),
    )


case("functions_opset15", 15, "blocks exported as functions of the model, GroupNorm among them", make_blocks,
    functions=(GatedBlock, nn.GroupNorm))
case("functions_opset17", 17, "blocks exported as functions which call functions", make_blocks,
    functions=(GatedBlock, nn.LeakyReLU, nn.GroupNorm))


class PilotNet(nn.Module):
    """A steering angle: ELU, dense layers, tanh."""

    def __init__(self, last):
        super().__init__()
        self.last = last
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=2), nn.ELU(), nn.Conv2d(8, 12, 5, stride=2), nn.ELU(), nn.Conv2d(12, 16, 3), nn.ELU(),
            nn.Dropout(0.5),
        )
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * 3 * 11, 20), nn.ELU(), nn.Linear(20, 10), nn.ELU(alpha=0.5), nn.Linear(10, 1)
        )

    def forward(self, x):
        x = self.dense(self.features(x * 2 - 1))
        return torch.tanh(x) if self.last == "tanh" else torch.mul(torch.atan(x), 2)


case("steering_opset10", 10, "steering network: ELU, Tanh; 32 x 64 pixels, one output", lambda: PilotNet("tanh"), size=(32, 64),
     output="steering")
case("steering_opset17", 17, "steering network: ELU, Atan", lambda: PilotNet("atan"), size=(32, 64), output="steering")


# ------------------------------------------------------------------------------------- resizing, sampling, padding, normalisation


class PooledHead(nn.Module):
    """[N, C, H, W] averaged over 2 x 2 fields, flattened, and a dense layer with one hidden layer before it."""

    def __init__(self, channels, fields=2, outputs=2):
        super().__init__()
        self.pool, self.fields = nn.AdaptiveAvgPool2d(fields), channels * fields * fields
        self.fc1, self.fc2 = nn.Linear(self.fields, 12), nn.Linear(12, outputs)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(self.pool(x).view(-1, self.fields))))


class UNet(nn.Module):
    """Two steps down, two steps up with skip connections, pooled to a dense head."""

    def __init__(self, norm, first, second, activation=nn.ReLU):
        super().__init__()

        def block(c_in, c_out, stride=1):
            return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1), norm(c_out), activation())

        self.down1, self.down2, self.down3 = block(3, 8), block(8, 12, 2), block(12, 16, 2)
        self.up1, self.mix1 = first(16, 12), block(24, 12)
        self.up2, self.mix2 = second(12, 8), block(16, 8)
        self.head = PooledHead(8)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(a)
        c = self.down3(b)
        b = self.mix1(torch.cat((self.up1(c), b), dim=1))
        return self.head(self.mix2(torch.cat((self.up2(b), a), dim=1)))


def up_conv(c_in, c_out):
    return nn.ConvTranspose2d(c_in, c_out, 3, stride=2, padding=1, output_padding=1)


def up_conv_2(c_in, c_out):
    return nn.ConvTranspose2d(c_in, c_out, 2, stride=2, groups=2, bias=False)


def up_shuffle(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, 4 * c_out, 1), nn.PixelShuffle(2))


def up_sample(**options):
    return lambda c_in, c_out: nn.Sequential(nn.Upsample(scale_factor=2, **options), nn.Conv2d(c_in, c_out, 1))


bilinear, nearest = partial(up_sample, mode="bilinear"), up_sample(mode="nearest")
instance_norm, group_norm = partial(nn.InstanceNorm2d, affine=True), partial(nn.GroupNorm, 4)

case("unet_opset9", 9, "U-Net: Upsample (nearest), ConvTranspose with output padding, InstanceNormalization",
     lambda: UNet(instance_norm, nearest, up_conv), size=(24, 24))
case("unet_opset10", 10, "U-Net: Resize of opset 10 (nearest), grouped ConvTranspose; BatchNormalization kept",
     lambda: UNet(nn.BatchNorm2d, nearest, up_conv_2), size=(24, 24), keep_bn=True)
case("unet_opset11", 11, "U-Net: Resize (bilinear, align_corners both ways), InstanceNormalization without weights",
     lambda: UNet(nn.InstanceNorm2d, bilinear(align_corners=True), bilinear(align_corners=False), nn.LeakyReLU), size=(24, 24))
case("unet_opset13", 13, "U-Net: Resize (bilinear), pixel shuffle, group norm",
     lambda: UNet(group_norm, bilinear(align_corners=False), up_shuffle, nn.SiLU), size=(24, 24))
case("unet_opset16", 16, "U-Net: ConvTranspose, Resize (nearest), group norm; no constant folding",
     lambda: UNet(group_norm, up_conv, nearest), size=(24, 24), fold_constants=False)


class FeaturePyramid(nn.Module):
    """Coarse features resized to the sizes of finer ones, which are computed in the graph."""

    def __init__(self, mode, pool):
        super().__init__()
        self.mode, self.pool = mode, pool
        self.down1, self.down2, self.down3 = conv_bn(3, 8), conv_bn(8, 8), conv_bn(8, 8)
        self.lateral, self.norm, self.fc = nn.Conv2d(8, 8, 1), nn.GroupNorm(2, 8), nn.Linear(8, 2)

    def resize(self, x, to):
        align = {} if self.mode == "nearest" else {"align_corners": False}
        return F.interpolate(x, size=to.shape[2:] if self.pool else (to.size(2), to.size(3)), mode=self.mode, **align)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(a)
        c = self.down3(b)
        b = self.lateral(b) + self.resize(c, b)
        a = self.norm(a + self.resize(b, a))
        if self.pool:
            a = F.adaptive_avg_pool2d(a, 1).flatten(1)
        else:
            a = a.view(a.size(0), a.size(1), -1).pow(2).mean(-1)
        return self.fc(a)


case("fpn_sizes_opset11", 11, "feature pyramid: Resize to sizes computed in the graph", lambda: FeaturePyramid("bilinear", True),
     size=(28, 28), axes="traced as any size")
case("fpn_sizes_opset13", 13, "feature pyramid: Resize (nearest) to sizes computed in the graph; no constant folding",
     lambda: FeaturePyramid("nearest", False), size=(28, 28), axes="traced as any size", fold_constants=False)
case("fpn_any_size_opset16", 16, "feature pyramid; height and width of the input are dynamic",
     lambda: FeaturePyramid("bilinear", True), size=(28, 28), axes="any size")


class Branches(nn.Module):
    """The same features changed in several ways, side by side.

    A branch is a function, or a module, of [N, C, H, W]. Results of four dimensions pass a convolution, tanh and the average over the
    image; all are flattened, brought to unit variance, so that each has its part in the gradient, and concatenated.
    """

    def __init__(self, *branches, stem=8, side=20, outputs=3):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, stem, 3, padding=1), nn.BatchNorm2d(stem))
        self.branches, self.after, features = branches, nn.ModuleList(), 0
        for i, branch in enumerate(branches):
            if isinstance(branch, nn.Module):
                self.add_module(f"branch{i}", branch)
            with torch.no_grad():
                result = branch(torch.rand(2, stem, side, side))
            self.after.append(nn.Conv2d(result.shape[1], 4, 3, 2, 1) if result.ndim == 4 else nn.Flatten(1))
            features += 4 if result.ndim == 4 else result[0].numel()
        self.norm, self.fc = nn.BatchNorm1d(features), nn.Linear(features, outputs)

    def forward(self, x):
        x = self.stem(x)
        results = []
        for branch, after in zip(self.branches, self.after):
            y = after(branch(x))
            results.append(torch.tanh(y).mean((2, 3)) if y.ndim == 4 else y)
        return self.fc(self.norm(torch.cat(results, dim=1)))


def resized(**options):
    return partial(F.interpolate, **options)


def resize_branches():
    return Branches(
        resized(scale_factor=2, mode="nearest"),
        resized(size=(13, 17), mode="nearest"),
        resized(scale_factor=1.6, mode="bilinear", align_corners=False),
        resized(scale_factor=(0.5, 0.7), mode="bilinear", align_corners=False),
        resized(size=(9, 31), mode="bilinear", align_corners=True),
        resized(scale_factor=2, mode="bicubic", align_corners=False),
        resized(size=(27, 14), mode="bicubic", align_corners=True),
    )


case("resize_opset11", 11, "Resize: nearest, bilinear, bicubic; up and down, by scales and by sizes", resize_branches,
    size=(20, 20))
case("resize_opset13", 13, "Resize, with sizes computed in the graph", resize_branches, size=(20, 20), axes="traced as any size")
case("resize_opset10", 10, "Resize of opset 10, nearest, as PyTorch exports it",
     lambda: Branches(resized(scale_factor=2, mode="nearest"), resized(scale_factor=(1, 3), mode="nearest")), size=(20, 20))


class SpatialTransformer(nn.Module):
    """Samples the image under an affine map which a small network finds in it, then regresses."""

    def __init__(self, side=24, **options):
        super().__init__()
        self.side, self.options = side, options
        self.localisation = nn.Sequential(nn.Conv2d(3, 6, 5, stride=3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(1),
            nn.Linear(6 * 9, 6), nn.Tanh())
        steps = torch.linspace(-0.93, 0.95, side)
        rows, columns = torch.meshgrid(steps, steps, indexing="ij")
        self.register_buffer("base", torch.stack((columns, rows, torch.ones_like(rows)), -1).view(1, side * side, 3))
        self.register_buffer("identity", torch.tensor([1.1, 0.2, 0.03, -0.2, 0.9, 0.06]))
        self.features = nn.Sequential(conv_bn(3, 8, activation=nn.Tanh), conv_bn(8, 12), nn.AvgPool2d(3), nn.Flatten(1))
        self.fc = nn.Linear(48, 2)

    def forward(self, x):
        theta = (self.identity + 0.2 * self.localisation(x)).view(-1, 2, 3)
        grid = torch.matmul(self.base, theta.transpose(1, 2)).view(-1, self.side, self.side, 2)
        return self.fc(self.features(F.grid_sample(x, grid, **self.options)))


for _mode, _padding, _align in (("bilinear", "zeros", False), ("bilinear", "zeros", True), ("bilinear", "border", False),
                                ("bilinear", "border", True), ("bilinear", "reflection", False), ("nearest", "border", True),
                                ("bicubic", "zeros", False), ("bicubic", "reflection", True)):
    case(f"grid_sample_{_mode}_{_padding}_{'corners' if _align else 'centres'}", 16,
         f"spatial transformer: GridSample, {_mode}, padding {_padding}, align_corners {int(_align)}",
         partial(SpatialTransformer, mode=_mode, padding_mode=_padding, align_corners=_align), size=(24, 24))


def padded(pad, mode="constant", value=0.0):
    return lambda x: F.pad(x, pad, mode=mode, **({"value": value} if mode == "constant" else {}))


def padding_branches(*more):
    return Branches(
        padded((2, 3, 1, 4), "reflect"), padded((3, 2, 4, 1), "replicate"), padded((1, 0, 2, 3), value=0.7), padded((0, 3)),
        padded((-2, 1, 3, -4)), padded((0, 0, 0, 0, 1, 2), value=-0.3), nn.ZeroPad2d((1, 0, 1, 0)), nn.ReflectionPad2d(5), *more,
    )


def circular(x):
    # F.pad's own circular mode is exported wrongly by PyTorch 1.13.
    x = torch.cat((x[:, :, -3:], x, x[:, :, :2]), dim=2)
    return torch.cat((x[..., -2:], x, x[..., :1]), dim=3)


case("padding_opset9", 9, "Pad with attributes: reflect, edge, constant, negative", padding_branches, size=(20, 20))
case("padding_opset13", 13, "Pad with inputs; circular padding by Slice and Concat", lambda: padding_branches(circular),
    size=(20, 20))
case("padding_opset17", 17, "Pad; no constant folding", padding_branches, size=(20, 20), fold_constants=False)


def conv_branches():
    return Branches(
        nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(8, 6, 3, stride=2)),
        nn.Conv2d(8, 6, 3, dilation=2, padding=2),
        nn.Conv2d(8, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2)),
        nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(8, 6, (2, 4))),
        nn.Conv2d(8, 8, 5, stride=3, padding=1, groups=8),
        nn.Conv2d(8, 12, 3, stride=2, groups=4, bias=False),
        nn.Conv2d(8, 4, 1, stride=2),
        nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1),
        nn.ConvTranspose2d(8, 6, (3, 2), stride=(3, 1), padding=(2, 0), output_padding=(1, 0), dilation=(2, 1), groups=2),
        nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1, groups=8, bias=False),
        nn.Sequential(nn.Flatten(2), nn.Conv1d(8, 3, 5, stride=4, padding=2, dilation=2), nn.AvgPool1d(9),
            nn.ConvTranspose1d(3, 2, 3, 2)),
    )


case("convolutions_opset11", 11, "Conv and ConvTranspose: dilated, strided, grouped, padded unevenly, in one dimension",
    conv_branches,
     size=(20, 20))


class LpPool(nn.Module):
    def forward(self, x):
        return F.avg_pool2d(x.abs().pow(3), 3, stride=2).mul(9).pow(1 / 3)


def pool_branches():
    # With ceil_mode, the last window starts inside the image: where it starts in the padding, PyTorch leaves it out but exports a
    # Pad and an AveragePool which keep it.
    return Branches(
        nn.MaxPool2d(3, 2, 1), nn.MaxPool2d((2, 3), stride=(1, 2)), nn.MaxPool2d(3, 1, 1, dilation=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AvgPool2d((3, 5), 4, (1, 2), ceil_mode=True),
        nn.AvgPool2d(3, 2, ceil_mode=True), nn.AdaptiveAvgPool2d((4, 5)), nn.AdaptiveMaxPool2d((5, 4)), nn.AdaptiveMaxPool2d(1),
        LpPool(),
        nn.Sequential(nn.Flatten(2), nn.MaxPool1d(7, 5), nn.AvgPool1d(6, 6)),
    )


case("pools_opset10", 10, "MaxPool and AveragePool: overlapping, dilated, padded, ceil_mode; GlobalMaxPool", pool_branches,
    size=(20, 20))
case("pools_opset14", 14, "MaxPool and AveragePool; no constant folding", pool_branches, size=(20, 20), fold_constants=False)


def norm_branches():
    return Branches(
        nn.LocalResponseNorm(3), nn.LocalResponseNorm(4, alpha=0.5, beta=0.6, k=1.5), nn.InstanceNorm2d(8, affine=True),
        nn.GroupNorm(2, 8), nn.GroupNorm(1, 8), nn.BatchNorm2d(8, affine=False), nn.LayerNorm([20, 20]), nn.LayerNorm(20),
        lambda x: F.normalize(x, dim=1), lambda x: F.normalize(x, p=1, dim=(2, 3)),
        lambda x: (x - x.mean((2, 3), True)) / (x.std((2, 3), keepdim=True) + 0.1),
        lambda x: F.softmax(x, dim=1), lambda x: F.log_softmax(x, dim=1), lambda x: F.softmax(x, dim=3),
        lambda x: F.softmin(x.flatten(2), dim=2).view_as(x) * 100,
    )


case("norms_opset11", 11, "normalisations over several axes, Softmax, LogSoftmax", norm_branches, size=(20, 20), keep_bn=True)
case("norms_opset13", 13, "normalisations, Softmax and LogSoftmax of opset 13", norm_branches, size=(20, 20))
case("norms_opset17", 17, "normalisations, LayerNormalization over several axes; no constant folding", norm_branches, size=(20, 20),
    fold_constants=False)


class ChannelAttention(nn.Module):
    """ECA: a convolution in one dimension over the averages of the channels."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv(F.adaptive_avg_pool2d(x, 1).squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * torch.sigmoid(y).expand_as(x)


class SpatialAttention(nn.Module):
    """CBAM: weights from the largest and the mean over channels, after weights from the largest and the mean over the image."""

    def __init__(self, channels):
        super().__init__()
        self.mlp = nn.Sequential(nn.Conv2d(channels, 4, 1, bias=False), nn.ReLU(), nn.Conv2d(4, channels, 1, bias=False))
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x):
        x = x * torch.sigmoid(self.mlp(F.adaptive_avg_pool2d(x, 1)) + self.mlp(F.adaptive_max_pool2d(x, 1)))
        summary = torch.cat((torch.mean(x, dim=1, keepdim=True), torch.max(x, dim=1, keepdim=True)[0]), dim=1)
        return x * torch.sigmoid(self.conv(summary))


class NonLocal(nn.Module):
    """Every position attends to every other, by bmm."""

    def __init__(self):
        super().__init__()
        self.theta, self.phi, self.g, self.out = nn.Conv2d(12, 6, 1), nn.Conv2d(12, 6, 1), nn.Conv2d(12, 6, 1), nn.Conv2d(6, 12, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        b, c, h, w = x.size()
        attention = torch.softmax(torch.bmm(self.theta(x).view(b, -1, h * w).permute(0, 2, 1), self.phi(x).view(b, -1, h * w)),
            dim=-1)
        y = torch.bmm(self.g(x).view(b, -1, h * w), attention.permute(0, 2, 1)).view(b, 6, h, w)
        return x + self.gamma * self.out(y)


class AttentionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(3, 8), ChannelAttention(), conv_bn(8, 12, activation=nn.Hardswish), SpatialAttention(12), NonLocal(),
            conv_bn(12, 16)
        )
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        return self.fc(self.features(x).mean([2, 3]))


case("attention_opset12", 12, "channel, spatial and non-local attention in a convolutional network", AttentionNet, size=(28, 28))
case("attention_opset15", 15, "attention; BatchNormalization kept, no constant folding", AttentionNet, size=(28, 28), keep_bn=True,
     fold_constants=False)


# ------------------------------------------------------------------------------------------------------------- zoos of operators


class Elementwise(nn.Module):
    """One function for every channel, brought to unit variance, mixed by a convolution and pooled."""

    def __init__(self, functions):
        super().__init__()
        self.functions = functions
        n = len(functions)
        self.stem = nn.Sequential(nn.Conv2d(3, n, 3, padding=1), nn.BatchNorm2d(n))
        self.mix = nn.Sequential(nn.BatchNorm2d(n, affine=False), nn.Conv2d(n, 12, 3, 2, 1), nn.Tanh(), nn.AvgPool2d(5))
        self.fc = nn.Linear(12 * 4, 2)

    def forward(self, x):
        channels = torch.split(self.stem(x), 1, dim=1)
        return self.fc(self.mix(torch.cat([f(u) for f, u in zip(self.functions, channels)], dim=1)).flatten(1))


def choose(condition, u):
    return torch.where(condition, u * u, 0.1 * u)


ARITHMETIC = [
    torch.abs, torch.neg, lambda u: 1.5 - u, lambda u: u / (1 + u.abs()), lambda u: u * u.exp(),
    lambda u: torch.sqrt(u.abs() + 0.1),
    lambda u: torch.rsqrt(u * u + 0.2), lambda u: torch.reciprocal(u * u + 0.5), lambda u: torch.exp(-u.abs()),
    lambda u: torch.log(u * u + 0.5), lambda u: torch.log1p(u * u), lambda u: torch.log2(u * u + 1), lambda u: u.pow(2),
    lambda u: u.pow(3), lambda u: (u.abs() + 0.2) ** 1.5, lambda u: (u.abs() + 0.2) ** (0.5 * u), lambda u: 2.0**u, torch.square,
    torch.sin, torch.cos, lambda u: torch.tan(0.3 * u), lambda u: torch.asin(0.9 * torch.tanh(u)),
    lambda u: torch.acos(0.9 * torch.tanh(u)), torch.atan, torch.erf, lambda u: torch.floor(3 * u) * u,
    lambda u: torch.ceil(3 * u) * u,
    lambda u: torch.sign(u - 0.3) * u, lambda u: torch.remainder(u, 0.7), lambda u: torch.lerp(u, u * u, 0.3),
    lambda u: torch.addcmul(u, u, u, value=0.3),
]
ACTIVATIONS = [
    torch.sigmoid, torch.tanh, torch.relu, F.softplus, partial(F.leaky_relu, negative_slope=0.2), F.selu, partial(F.elu, alpha=0.7),
    F.silu,
    F.mish, F.gelu, partial(F.gelu, approximate="tanh"), F.hardswish, F.hardsigmoid, partial(F.hardtanh, min_val=-0.5, max_val=0.8),
    F.hardshrink, F.softshrink, F.softsign, F.logsigmoid, F.tanhshrink, F.relu6, partial(F.rrelu, lower=0.1, upper=0.3),
    lambda u: F.glu(torch.cat((u, 2 * u), 1), 1), lambda u: torch.sigmoid(1.702 * u) * u,
]
CONDITIONS = [
    lambda u: u.clamp(-0.7, 0.9), lambda u: u.clamp(min=-0.4), lambda u: u.clamp(max=0.6), lambda u: torch.max(u, 0.3 * u * u),
    lambda u: torch.min(u, 0.3 * u * u), lambda u: torch.maximum(u, torch.zeros_like(u) + 0.1),
    lambda u: torch.where(u > 0.2, u, 0.3 * u * u),
    lambda u: u.masked_fill(u < -0.5, 0.9), lambda u: choose((u >= -0.5) & (u <= 0.8) | ~(u < 1.2), u),
    lambda u: choose((u > 0) ^ (u > 1), u),
    lambda u: choose(u.long() == 1, u), lambda u: choose(u.long().ne(1), u), lambda u: u * (u > 0.1).float(),
    lambda u: torch.clamp(u, min=-u * u, max=u * u + 0.1),
]

case("arithmetic_opset9", 9, "elementwise arithmetic", lambda: Elementwise(ARITHMETIC), size=(20, 20))
case("arithmetic_opset13", 13, "elementwise arithmetic, Round, Mod", size=(20, 20),
     build=lambda: Elementwise([*ARITHMETIC, lambda u: torch.round(3 * u) * u, lambda u: torch.fmod(u, 0.7)]))
case("activations_opset9", 9, "activations", lambda: Elementwise(ACTIVATIONS), size=(20, 20))
case("activations_opset14", 14, "activations, with HardSwish and Celu",
    lambda: Elementwise([*ACTIVATIONS, partial(F.celu, alpha=0.7)]),
     size=(20, 20))
case("conditions_opset9", 9, "Clip with attributes, Min, Max, Where, comparisons and logic", lambda: Elementwise(CONDITIONS),
    size=(20, 20))
case("conditions_opset12", 12, "Clip with inputs, Min, Max, Where, comparisons and logic", lambda: Elementwise(CONDITIONS),
    size=(20, 20))
case("conditions_opset16", 16, "conditions; no constant folding", lambda: Elementwise(CONDITIONS), size=(20, 20),
    fold_constants=False)


def halves(x):
    x = x.clone()
    x[:, 1:3, ::2] = x[:, 1:3, ::2] * 2
    x[:, :, [0, 3]] = 0.5
    return x


class GatherColumns(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("index", torch.tensor([3, 1, 1, 7, 19]))
        self.register_buffer("order", torch.randperm(20))

    def forward(self, x):
        n = x.shape[0]
        picked = x.index_select(2, self.index)
        permuted = torch.zeros_like(x).scatter(3, self.order.expand(n, 8, 20, 20), x)
        return permuted[:, :, :5] * picked + x.gather(3, self.index.expand(n, 8, 20, 5)).transpose(2, 3)


class Products(nn.Module):
    """Matrix products of several ranks."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.vector = (nn.Parameter(torch.zeros(*shape)) for shape in ((6, 20), (20, 5), (20,)))

    def forward(self, x):
        a = torch.matmul(self.left, x @ self.right)
        b = torch.matmul(x, self.vector)
        return torch.cat((a.flatten(2), torch.baddbmm(b, x[:, 0, :8], x[:, 1, :, :20].transpose(1, 2), beta=0.3, alpha=0.1)),
            2).mean(2)


TENSORS = [
    lambda x: torch.stack((x, x * x), 1).sum(1), lambda x: x.repeat(1, 2, 1, 1)[:, :12], lambda x: x.roll((1, -2), (2, 3)) * x,
    lambda x: F.pixel_unshuffle(x, 2), GatherColumns,
    lambda x: torch.split(x, [3, 5], 1)[1], lambda x: torch.split(x, 7, 2)[2], lambda x: x.narrow(3, 4, 9),
    lambda x: x[:, :, [5, 2, 2]],
    lambda x: torch.stack(x.unbind(2), 1)[:, 2:9], lambda x: x.unsqueeze(1).expand(-1, 2, -1, -1, -1).flatten(1, 2),
    lambda x: x.movedim(1, 3)[:, 3:7], lambda x: (x[:, :1].unsqueeze(-1) * x[:, 1:2].unsqueeze(-2)).mean(2),
    lambda x: F.pixel_shuffle(x, 2),
    lambda x: x.unfold(2, 4, 3).mean(3), lambda x: F.cosine_similarity(x[:, :4], x[:, 4:], dim=1, eps=1e-3).unsqueeze(1),
    lambda x: torch.cat((x, torch.arange(x.shape[2], dtype=x.dtype).view(1, 1, -1, 1).expand_as(x) * 0.1), 1),
    lambda x: x.view(x.size(0), 2, 4, 20, 20).transpose(1, 2).contiguous().view(x.size(0), -1, 20, 20)[:, :3],
]
STEPS = [
    lambda x: torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1),
    lambda x: x.movedim(1, 3)[:, ::4],
]


def tensor_branches(*more):
    return Branches(*(b() if isinstance(b, type) else b for b in (*TENSORS, *more)))


case("tensors_opset9", 9, "slices, splits, stacks, repeats, rolls, pixel shuffles, reshapes, Gather, Scatter", tensor_branches,
    size=(20, 20))
case("tensors_opset10", 10, "as opset 9, and slices with steps", lambda: tensor_branches(*STEPS), size=(20, 20))
case("tensors_opset11", 11, "as opset 10, and ScatterND, ScatterElements, GatherElements, CumSum, unfold, flip, matrix products",
    size=(20, 20),
     build=lambda: tensor_branches(
         *STEPS, halves, Products, lambda x: x.cumsum(2), lambda x: x.flip((2, 3)) * x,
         lambda x: F.unfold(x[:, :2], 3, stride=2, padding=1).unsqueeze(1), lambda x: x[:, :, [1, 3], [0, 2]],
         lambda x: torch.cdist(x[:, 0, :6, :4], x[:, 1, :5, :4]).flatten(1)))
case("tensors_opset14", 14, "as opset 11, and Einsum, Trilu; no constant folding", size=(20, 20), fold_constants=False,
     build=lambda: tensor_branches(
         *STEPS, halves, Products, lambda x: x.tril(), lambda x: x.triu(2),
         lambda x: torch.einsum("bchw,bcwk->bhk", x, x).unsqueeze(1) * 0.1,
         lambda x: torch.einsum("bchw,bkhw->bck", x, x[:, :3]).flatten(1)))


def reduction_branches():
    def norm(p, dim):
        return lambda x: x * torch.norm(x, p=p, dim=dim, keepdim=True)

    return Branches(
        lambda x: x - x.mean((2, 3), keepdim=True), lambda x: x * x.sum(1, keepdim=True), lambda x: x.amax((2, 3)),
        lambda x: x.amin(3).unsqueeze(1),
        lambda x: x.max(2)[0].unsqueeze(1), lambda x: x.min(1, keepdim=True)[0] * x, lambda x: (1 + 0.1 * x).prod(3).unsqueeze(1),
        lambda x: torch.logsumexp(x, (1, 3)), lambda x: torch.logsumexp(x, 1, keepdim=True) * x, norm(1, 3), norm(2, (2, 3)),
        norm(2, 1),
        lambda x: x.std((2, 3)), lambda x: x.var(3, unbiased=False).unsqueeze(1), lambda x: x.mean((1, 2, 3)).unsqueeze(1),
        lambda x: x.view(x.shape[0], -1).max(1, keepdim=True)[0], lambda x: torch.linalg.norm(x, dim=1, keepdim=True),
    )


case("reductions_opset10", 10, "reductions over several axes, with and without the axes kept", reduction_branches, size=(20, 20))
case("reductions_opset15", 15, "reductions; no constant folding", reduction_branches, size=(20, 20), fold_constants=False)


# -------------------------------------------------------------------------------------------------------------- storage of models


case("fp16_weights", 13, "MobileNetV2 whose weights are stored in half precision, with Casts to single precision", mobilenet_v2,
    keep_bn=True,
     fold_constants=False, storage="half")
case("external_data", 14, "ResNet whose weights are in a file beside the model", lambda: ResNet(resnet.BasicBlock),
    storage="external")


# ------------------------------------------------------------------------------------------ graphs written node by node: convolutions


def same_padding(size, kernel, stride, dilation, upper=True):
    """Padding before and after for an output of size / stride."""
    total = max((math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return (total // 2, total - total // 2) if upper else (total - total // 2, total // 2)


def explicit_pads(x, kernel, stride, dilation, auto_pad, pads):
    """F.pad's argument for an ONNX window's padding."""
    if auto_pad == "VALID" or (auto_pad is None and pads is None):
        return 0, 0, 0, 0
    if auto_pad:
        rows, columns = (same_padding(x.shape[i + 2], kernel[i], stride, dilation, auto_pad == "SAME_UPPER") for i in (0, 1))
        return *columns, *rows
    return pads[1], pads[3], pads[0], pads[2]


def window_attributes(kernel, stride, dilation, auto_pad, pads):
    attributes = {"kernel_shape": list(kernel), "strides": [stride, stride]}
    if dilation != 1:
        attributes["dilations"] = [dilation, dilation]
    if auto_pad:
        attributes["auto_pad"] = auto_pad
    elif pads:
        attributes["pads"] = pads
    return attributes


def conv(t, x, c_out, kernel=(3, 3), stride=1, groups=1, dilation=1, auto_pad=None, pads=None, bias=True, name="Conv"):
    """Conv on [N, C, H, W] with random weights."""
    c_in = t.value(x).shape[1]
    inputs = [x, t.random(c_out, c_in // groups, *kernel, fan_in=c_in // groups * kernel[0] * kernel[1], name=name + "/kernel")]
    if bias:
        inputs.append(t.random(c_out, gain=0.1, name=name + "/bias"))

    def meaning(x, w, b=None):
        return F.conv2d(F.pad(x, explicit_pads(x, kernel, stride, dilation, auto_pad, pads)), w, b, stride, 0, dilation, groups)

    attributes = window_attributes(kernel, stride, dilation, auto_pad, pads)
    return t.node("Conv", inputs, meaning, name=name, group=groups, **attributes)


def max_pool(t, x, kernel=(3, 3), stride=2, auto_pad=None, pads=None):
    def meaning(x):
        return F.max_pool2d(F.pad(x, explicit_pads(x, kernel, stride, 1, auto_pad, pads), value=-math.inf), kernel, stride)

    return t.node("MaxPool", [x], meaning, **window_attributes(kernel, stride, 1, auto_pad, pads))


def average_pool(t, x, kernel=(3, 3), stride=2, auto_pad=None, pads=None):
    """AveragePool which leaves the padding out."""

    def meaning(x):
        pad = explicit_pads(x, kernel, stride, 1, auto_pad, pads)
        ones = torch.ones_like(x)
        return F.avg_pool2d(F.pad(x, pad), kernel, stride) / F.avg_pool2d(F.pad(ones, pad), kernel, stride)

    return t.node("AveragePool", [x], meaning, **window_attributes(kernel, stride, 1, auto_pad, pads))


def transpose(t, x, *perm):
    return t.node("Transpose", [x], lambda v: v.permute(*perm), perm=list(perm))


def relu(t, x):
    return t.node("Relu", [x], torch.relu)


def binary(t, op, a, b):
    """An elementwise node of two inputs; b may be a number or an array."""
    b = b if isinstance(b, str) else t.weight(np.asarray(b, np.float32))
    return t.node(op, [a, b], {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div}[op])


def features(t, channels=8):
    """A convolution and batch norm on the input, [N, 3, H, W]."""
    return t.batch_norm(conv(t, t.case.input, channels, pads=[1, 1, 1, 1]))


def finish_branches(t, branches, outputs=3):
    """Like the class Branches: the results side by side, with unit variance, before a dense layer."""
    flat = []
    for x in branches:
        if t.value(x).ndim == 4 and t.value(x).shape[3] > 1:
            x = t.node("Tanh", [conv(t, x, 4, stride=2, pads=[1, 1, 1, 1])], torch.tanh)
            x = t.node("GlobalAveragePool", [x], lambda v: v.mean((2, 3), keepdim=True))
        if t.value(x).ndim != 2:
            x = t.node("Flatten", [x], lambda v: v.flatten(1))
        n = t.value(x).shape[1]
        flat.append(t.node("MatMul", [x, t.random(n, 3, fan_in=n)], torch.matmul) if n > 6 else x)
    x = t.node("Concat", flat, lambda *v: torch.cat(v, 1), axis=1)
    v = t.value(x)
    x = binary(t, "Div", binary(t, "Sub", x, v.mean(0).numpy()), v.std(0).numpy())
    t.finish(t.head(x, outputs))


@case("auto_pad_opset11", 11, "Conv, MaxPool and AveragePool with auto_pad; ConvTranspose with auto_pad and output_shape",
    size=(19, 20), twin=True)
def auto_pad(t):
    x = features(t)
    kernel = t.random(8, 5, 4, 3, fan_in=40)

    def transposed(crop, **attributes):
        # Without padding 40 x 41. As in ONNX Runtime and the later specification, an odd row falls at the end for SAME_UPPER only.
        return t.node("ConvTranspose", [x, kernel], lambda x, w: crop(F.conv_transpose2d(x, w, stride=2)), strides=[2, 2],
            **attributes)

    branches = [
        conv(t, x, 5, (4, 3), 1, auto_pad="SAME_UPPER"), conv(t, x, 5, (4, 2), 2, auto_pad="SAME_LOWER"),
        conv(t, x, 5, (3, 3), 2, auto_pad="VALID"),
        conv(t, x, 8, (3, 3), 2, groups=4, auto_pad="SAME_UPPER"), conv(t, x, 5, (3, 2), 1, dilation=2, pads=[1, 0, 3, 2]),
        conv(t, x, 5, (3, 3), 2, pads=[0, 0, 1, 1]), max_pool(t, x, (2, 3), 2, auto_pad="SAME_UPPER"),
        max_pool(t, x, (4, 3), 3, auto_pad="SAME_LOWER"),
        average_pool(t, x, (2, 3), 2, auto_pad="SAME_UPPER"), average_pool(t, x, (4, 4), 3, auto_pad="SAME_LOWER"),
        max_pool(t, x, pads=[0, 1, 1, 1]),
        average_pool(t, x, pads=[0, 1, 1, 0]),
        transposed(lambda v: v[:, :, 1:-1, :-1], auto_pad="SAME_UPPER"),
        transposed(lambda v: v[:, :, 1:-1, 1:], auto_pad="SAME_LOWER"),
        transposed(lambda v: v[:, :, 1:], output_shape=[39, 41]),
    ]
    finish_branches(t, branches)


# --------------------------------------------------------------------------------------- graphs written node by node: Keras, tf2onnx


def relu6(t, x):
    """Clip, by inputs from opset 11."""
    if t.case.opset < 11:
        return t.node("Clip", [x], lambda v: v.clamp(0, 6), min=0.0, max=6.0)
    bounds = [t.weight(np.float32(0.0), "min"), t.weight(np.float32(6.0), "max")]
    return t.node("Clip", [x, *bounds], lambda v, lo, hi: v.clamp(0, 6), name="Relu6")


def dense(t, x, width, activation=None):
    """A Dense layer as tf2onnx writes it: MatMul, Add, activation."""
    n = t.value(x).shape[-1]
    x = t.node("MatMul", [x, t.random(n, width, fan_in=n, name="dense/MatMul/ReadVariableOp")], torch.matmul, name="dense/MatMul")
    x = t.node("Add", [x, t.random(width, gain=0.1, name="dense/BiasAdd/ReadVariableOp")], torch.add, name="dense/BiasAdd")
    return t.node(activation, [x],
        {"Relu": torch.relu, "Tanh": torch.tanh, "Elu": F.elu, "Sigmoid": torch.sigmoid}[activation]) if activation else x


def squeeze(t, x, *axes):
    """Squeeze, its axes an input from opset 13."""
    meaning = lambda v, *_: v.flatten(1)
    if t.case.opset < 13:
        return t.node("Squeeze", [x], meaning, axes=list(axes))
    return t.node("Squeeze", [x, t.weight(axes, "axes")], meaning)


@case("keras_mobilenet_opset13", 13,
    "MobileNetV2 as tf2onnx converts it: channels last outside, uneven explicit padding, MatMul and Add",
      twin="nhwc", input="input_1", output="dense")
def keras_mobilenet(t):
    x = binary(t, "Sub", binary(t, "Mul", "input_1", 2.0), 1.0)
    x = transpose(t, x, 0, 3, 1, 2)
    x = relu6(t, t.batch_norm(conv(t, x, 8, stride=2, pads=[0, 0, 1, 1], bias=False, name="model/Conv1/Conv2D")))
    for width, stride, expansion in ((8, 1, 2), (12, 2, 4), (12, 1, 4), (16, 2, 4)):
        shortcut, c = x, t.value(x).shape[1]
        x = relu6(t, t.batch_norm(conv(t, x, c * expansion, (1, 1), bias=False, name="model/expand/Conv2D")))
        pads = [0, 0, 1, 1] if stride == 2 else [1, 1, 1, 1]
        x = relu6(t, conv(t, x, c * expansion, stride=stride, groups=c * expansion, pads=pads, name="model/depthwise/depthwise"))
        x = t.batch_norm(conv(t, x, width, (1, 1), bias=False, name="model/project/Conv2D"))
        if stride == 1 and c == width:
            x = binary(t, "Add", shortcut, x)
    x = relu6(t, t.batch_norm(conv(t, x, 32, (1, 1), bias=False, name="model/Conv_1/Conv2D")))
    x = t.node("GlobalAveragePool", [x], lambda v: v.mean((2, 3), keepdim=True), name="model/global_average_pooling2d/Mean")
    t.finish(t.head(squeeze(t, x, 2, 3), 2, gemm=False))


@case("keras_resnet_opset11", 11,
    "ResNet as tf2onnx converts it: Pad of channels last, BatchNormalization, ReduceMean over [1, 2], Tanh",
      twin="nhwc", input="input_1", output="tanh", size=(36, 36))
def keras_resnet(t):
    pads = t.weight([0, 3, 3, 0, 0, 3, 3, 0], "conv1_pad/paddings")
    x = t.node("Pad", ["input_1", pads], lambda v, _: F.pad(v, (0, 0, 3, 3, 3, 3)), name="model/conv1_pad/Pad", mode="constant")
    x = transpose(t, x, 0, 3, 1, 2)
    x = relu(t, t.batch_norm(conv(t, x, 8, (7, 7), 2, auto_pad="VALID", name="model/conv1_conv/Conv2D"), 1.001e-5))
    x = transpose(t, x, 0, 2, 3, 1)
    pads = t.weight([0, 1, 1, 0, 0, 1, 1, 0], "pool1_pad/paddings")
    x = t.node("Pad", [x, pads], lambda v, _: F.pad(v, (0, 0, 1, 1, 1, 1)), name="model/pool1_pad/Pad", mode="constant")
    x = max_pool(t, transpose(t, x, 0, 3, 1, 2), auto_pad="VALID")
    for width, stride in ((12, 1), (16, 2)):
        shortcut = t.batch_norm(conv(t, x, width, (1, 1), stride, auto_pad="VALID", name="model/block_0_conv/Conv2D"), 1.001e-5)
        x = relu(t, t.batch_norm(conv(t, x, width // 2, (1, 1), stride, name="model/block_1_conv/Conv2D"), 1.001e-5))
        x = relu(t, t.batch_norm(conv(t, x, width // 2, auto_pad="SAME_UPPER", name="model/block_2_conv/Conv2D"), 1.001e-5))
        x = t.batch_norm(conv(t, x, width, (1, 1), name="model/block_3_conv/Conv2D"), 1.001e-5)
        x = relu(t, binary(t, "Add", shortcut, x))
    x = transpose(t, x, 0, 2, 3, 1)
    x = t.node("ReduceMean", [x], lambda v: v.mean((1, 2)), name="model/avg_pool/Mean", axes=[1, 2], keepdims=0)
    t.finish(t.node("Tanh", [t.head(x, 2, gemm=False)], torch.tanh))


def keras_dense(t):
    """Convolutions, then Flatten by arithmetic on the shape, then a stack of Dense layers."""
    x = transpose(t, "input_1", 0, 3, 1, 2)
    for width, stride in ((8, 2), (12, 2), (16, 1)):
        x = conv(t, x, width, (5, 5) if stride == 2 else (3, 3), stride, auto_pad="SAME_UPPER", name="model/conv2d/Conv2D")
        x = t.node("Elu", [x], F.elu, alpha=1.0)
    x = average_pool(t, x, (2, 2), 2, auto_pad="SAME_UPPER")
    x = transpose(t, x, 0, 2, 3, 1)
    size = t.value(x)[0].numel()
    shape = t.raw("Cast", [t.raw("Shape", [x], "model/flatten/Shape")], to=TensorProto.INT32)
    if t.case.opset < 10:
        batch = t.raw("Slice", [shape], "model/flatten/strided_slice", starts=[0], ends=[1], axes=[0])
    else:
        batch = t.raw("Slice", [shape, t.weight([0]), t.weight([1]), t.weight([0])], "model/flatten/strided_slice")
    batch = t.raw("Cast", [batch], to=TensorProto.INT64)
    shape = t.raw("Concat", [batch, t.weight([size])], "model/flatten/Reshape/shape", axis=0)
    x = t.node("Reshape", [x, shape], lambda v: v.flatten(1), name="model/flatten/Reshape")
    for width, activation in ((24, "Relu"), (16, "Tanh"), (12, "Elu")):
        x = dense(t, x, width, activation)
    t.finish(t.head(x, 1, gemm=False))


for _opset in (9, 12):
    case(f"keras_dense_opset{_opset}", _opset,
        "convolutions and a stack of dense layers as tf2onnx converts them; Flatten by Shape, Cast, Slice, Concat",
         keras_dense, twin="nhwc", input="input_1", output="dense_3", size=(24, 32))


@case("keras_decoder_opset15", 15,
    "Keras encoder and decoder: UpSampling2D by Resize, Concatenate on the last axis, LeakyReLU, hard swish",
      twin="nhwc", input="input_1", output="dense_1", size=(24, 24))
def keras_decoder(t):
    x = binary(t, "Div", binary(t, "Sub", "input_1", [0.485, 0.456, 0.406]), [0.229, 0.224, 0.225])
    x = transpose(t, x, 0, 3, 1, 2)
    a = t.node("LeakyRelu", [conv(t, x, 8, stride=2, auto_pad="SAME_UPPER")], lambda v: F.leaky_relu(v, 0.3), alpha=0.3)
    b = t.batch_norm(conv(t, a, 12, stride=2, auto_pad="SAME_UPPER"))
    # x * relu6(x + 3) / 6
    b = binary(t, "Mul", binary(t, "Mul", b, relu6(t, binary(t, "Add", b, 3.0))), 1 / 6)
    scales = t.weight(np.array([1, 1, 2, 2], np.float32), "scales")
    up = t.node("Resize", [b, "", scales], lambda v, _: F.interpolate(v, scale_factor=2), name="model/up_sampling2d/resize",
                mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    a, up = transpose(t, a, 0, 2, 3, 1), transpose(t, up, 0, 2, 3, 1)
    x = t.node("Concat", [a, up], lambda a, b: torch.cat((a, b), 3), name="model/concatenate/concat", axis=-1)
    x = t.batch_norm(conv(t, transpose(t, x, 0, 3, 1, 2), 10, auto_pad="SAME_UPPER"))
    x = t.node("Resize", [x, "", scales], lambda v, _: F.interpolate(v, scale_factor=2, mode="bilinear", align_corners=False),
        mode="linear",
               coordinate_transformation_mode="half_pixel")
    slope = t.weight(0.1 + 0.2 * torch.rand(10, 1, 1).numpy(), "p_re_lu/alpha")
    x = t.node("PRelu", [x, slope], lambda v, s: torch.where(v > 0, v, v * s))
    gate = t.node("ReduceMean", [x], lambda v: v.mean((2, 3), keepdim=True), axes=[2, 3], keepdims=1)
    gate = t.node("HardSigmoid", [conv(t, gate, 10, (1, 1))], lambda v: (0.2 * v + 0.5).clamp(0, 1), alpha=0.2, beta=0.5)
    x = transpose(t, max_pool(t, binary(t, "Mul", x, gate), (8, 8), 8, auto_pad="VALID"), 0, 2, 3, 1)
    x = t.node("Reshape", [x, t.weight([-1, 90], "const_shape")], lambda v, _: v.flatten(1))
    t.finish(t.head(dense(t, x, 16, "Sigmoid"), 2, gemm=False))


# ----------------------------------------------------------------------------------- graphs written node by node: further operators


def lp_pool(v, p, kernel, stride):
    return (F.avg_pool2d(v.abs().pow(p), kernel, stride) * kernel[0] * kernel[1]).pow(1 / p)


def space_to_depth(v, b):
    n, c, h, w = v.shape
    return v.view(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


def depth_to_space(v, b):
    n, c, h, w = v.shape
    return v.view(n, b, b, c // b // b, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b // b, h * b, w * b)


def lrn(v, size, alpha, beta, bias):
    squares = F.pad(v.pow(2), (0, 0, 0, 0, (size - 1) // 2, size // 2))
    return v / (bias + alpha / size * sum(squares[:, i : i + v.shape[1]] for i in range(size))) ** beta


def interpolation(n_in, n_out, scale, coordinates, weights):
    """The [n_out, n_in] matrix of a resize: `coordinates` takes an output position to an input one, `weights` that to taps."""
    matrix = np.zeros((n_out, n_in))
    for i in range(n_out):
        for tap, weight in weights(coordinates(i, n_in, n_out, scale)):
            matrix[i, min(max(tap, 0), n_in - 1)] += weight
    return torch.from_numpy(matrix)


COORDINATES = {
    "asymmetric": lambda i, n_in, n_out, s: i / s,
    "half_pixel": lambda i, n_in, n_out, s: (i + 0.5) / s - 0.5,
    "pytorch_half_pixel": lambda i, n_in, n_out, s: (i + 0.5) / s - 0.5 if n_out > 1 else 0.0,
    "align_corners": lambda i, n_in, n_out, s: i * (n_in - 1) / (n_out - 1),
}


def cubic(a):
    def kernel(d):
        d = abs(d)
        return (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0

    return lambda c: [(math.floor(c) + k, kernel(c - math.floor(c) - k)) for k in (-1, 0, 1, 2)]


def linear(c):
    low = math.floor(min(max(c, 0), 1e9))
    fraction = max(c, 0) - low
    return [(low, 1 - fraction), (low + 1, fraction)]


NEAREST = {
    "floor": lambda c: [(math.floor(c), 1)],
    "ceil": lambda c: [(math.ceil(c), 1)],
    "round_prefer_floor": lambda c: [(math.ceil(c - 0.5), 1)],
    "round_prefer_ceil": lambda c: [(math.floor(c + 0.5), 1)],
}


def resize_meaning(scales, coordinates, weights):
    def meaning(v, *_):
        for axis, scale in ((2, scales[0]), (3, scales[1])):
            n = v.shape[axis]
            matrix = interpolation(n, math.floor(n * scale), scale, COORDINATES[coordinates], weights)
            v = torch.movedim(torch.tensordot(v, matrix.to(v.dtype), dims=([axis], [1])), -1, axis)
        return v

    return meaning


@case("resize_modes_opset13", 13, "Resize: coordinate transformations, ways of rounding, cubic coefficients", size=(20, 20),
    twin=True)
def resize_modes(t):
    x = features(t)
    branches = []

    def resize(scales, coordinates, mode, weights, **attributes):
        weight = t.weight(np.array([1, 1, *scales], np.float32), "scales")
        meaning = resize_meaning(scales, coordinates, weights)
        branches.append(t.node("Resize", [x, "", weight], meaning, mode=mode, coordinate_transformation_mode=coordinates,
            **attributes))

    for scales, coordinates, rounding in (
        ((2, 1.5), "asymmetric", "floor"), ((1.25, 0.75), "half_pixel", "round_prefer_floor"),
        ((0.5, 2.5), "half_pixel", "round_prefer_ceil"),
        ((2, 0.5), "asymmetric", "ceil"), ((1.5, 1.75), "align_corners", "round_prefer_floor"),
        ((2.25, 1.5), "pytorch_half_pixel", "floor"),
    ):
        resize(scales, coordinates, "nearest", NEAREST[rounding], nearest_mode=rounding)
    for scales, coordinates in (((2, 1.5), "asymmetric"), ((1.25, 0.75), "half_pixel"), ((1.5, 0.5), "align_corners"),
        ((0.05, 2), "pytorch_half_pixel")):
        resize(scales, coordinates, "linear", linear)
    for scales, coordinates, a in (((2, 1.5), "asymmetric", -0.75), ((1.25, 0.75), "half_pixel", -0.5),
        ((1.5, 0.5), "align_corners", -0.75)):
        resize(scales, coordinates, "cubic", cubic(a), cubic_coeff_a=a)
    finish_branches(t, branches)


for _opset in (9, 10):

    @case(f"resize_linear_opset{_opset}", _opset,
        f"{'Upsample' if _opset == 9 else 'Resize'} of opset {_opset}: nearest and linear",
          size=(20, 20), twin=True)
    def resize_linear(t):
        x = features(t)
        op = "Upsample" if t.case.opset == 9 else "Resize"
        branches = []
        for scales, mode in (((2, 2), "nearest"), ((1.5, 2.5), "nearest"), ((2, 2), "linear"), ((1.5, 2.5), "linear")):
            meaning = resize_meaning(scales, "asymmetric", NEAREST["floor"] if mode == "nearest" else linear)
            branches.append(t.node(op, [x, t.weight(np.array([1, 1, *scales], np.float32))], meaning, mode=mode))
        finish_branches(t, branches)


def reduce_operators(t):
    x = features(t)
    positive = binary(t, "Add", t.node("Abs", [x], torch.abs), 0.2)
    meanings = {
        "ReduceMean": lambda v, d, k: v.mean(d, k), "ReduceSum": lambda v, d, k: v.sum(d, k), "ReduceMax": lambda v, d,
        k: v.amax(d, k),
        "ReduceMin": lambda v, d, k: v.amin(d, k), "ReduceL1": lambda v, d, k: v.abs().sum(d, k), "ReduceL2": lambda v, d,
        k: v.pow(2).sum(d, k).sqrt(),
        "ReduceSumSquare": lambda v, d, k: v.pow(2).sum(d, k), "ReduceLogSum": lambda v, d, k: v.sum(d, k).log(),
        "ReduceLogSumExp": lambda v, d, k: torch.logsumexp(v, d, k), "ReduceProd": None,
    }
    branches = []
    for op, meaning in meanings.items():
        source = positive if op in ("ReduceLogSum", "ReduceProd") else x
        if op == "ReduceProd":
            source = binary(t, "Add", binary(t, "Mul", source, 0.1), 0.9)
            variants = (([3], 0), ([1], 1), ([2, 3], 1))
            meaning = lambda v, d, k: v.log().sum(d, k).exp()
        else:
            variants = (([1, 2], 0), ([1], 1), ([2, 3], 1), ([3], 0))
        # Negative axes came with opset 11.
        variants += (((([-2, -1], 0), ([1, 2, 3], 1))) if t.case.opset >= 11 else (([1, 2, 3], 1),))
        for axes, keep in variants:
            apply = partial(lambda v, *_, meaning, axes, keep: meaning(v, axes, bool(keep)), meaning=meaning, axes=axes, keep=keep)
            if op == "ReduceSum" and t.case.opset >= 13:
                y = t.node(op, [source, t.weight(axes, "axes")], apply, keepdims=keep)
            else:
                y = t.node(op, [source], apply, axes=axes, keepdims=keep)
            branches.append(y)
    finish_branches(t, branches)


for _opset in (9, 13):
    case(f"reduce_operators_opset{_opset}", _opset, "every Reduce operator, over several axes, with and without the axes kept",
        reduce_operators,
         size=(20, 20), twin=True)


def expanded(t, x, indices):
    """Indices of images, the same for each: [N, ...] by Expand to a shape with the number of images in x."""
    indices = np.asarray(indices)[None]
    batch = t.raw("Slice", [t.raw("Shape", [x]), t.weight([0]), t.weight([1])])
    return t.raw("Expand", [t.weight(indices), t.raw("Concat", [batch, t.weight(indices.shape[1:])], axis=0)])


def gather_nd(t, x):
    """[N, C, H, W] to [N, 4, W], by way of the images last."""
    last = transpose(t, x, 1, 2, 3, 0)
    rows = t.node("GatherND", [last, t.weight([[1, 4], [7, 0], [1, 4], [3, 9]])], lambda v, i: v[i[:, 0], i[:, 1]])
    return transpose(t, rows, 2, 0, 1)


def common_operators(t, x):
    """Operators which torch.onnx.export does not emit, from opset 9 on."""
    unary = lambda op, meaning, source=x, **attributes: t.node(op, [source], meaning, **attributes)
    bounded = binary(t, "Mul", t.node("Tanh", [x], torch.tanh), 0.9)
    half = binary(t, "Mul", x, 0.5)
    square = binary(t, "Mul", x, x)
    gain, shift = t.weight(0.5 + torch.rand(8).numpy()), t.weight(torch.rand(8).numpy())
    flat = unary("Flatten", lambda v: v.flatten(1))
    wide = t.value(flat).shape[1]
    pooled = unary("GlobalMaxPool", lambda v: v.amax((2, 3), keepdim=True))
    vector = unary("Flatten", lambda v: v.flatten(1), pooled)
    return [
        unary("LRN", lambda v: lrn(v, 3, 0.4, 0.75, 1.0), size=3, alpha=0.4),
        unary("LRN", lambda v: lrn(v, 5, 0.9, 0.5, 2.0), size=5, alpha=0.9, beta=0.5, bias=2.0),
        unary("LpPool", lambda v: lp_pool(v, 2, (3, 2), 2), kernel_shape=[3, 2], strides=[2, 2]),
        unary("LpPool", lambda v: lp_pool(v, 3, (2, 2), 1), kernel_shape=[2, 2], p=3),
        unary("GlobalLpPool", lambda v: v.pow(2).sum((2, 3), keepdim=True).sqrt()),
        unary("GlobalLpPool", lambda v: v.abs().pow(3).sum((2, 3), keepdim=True).pow(1 / 3), p=3),
        unary("LpNormalization", lambda v: v / v.pow(2).sum(3, keepdim=True).sqrt()),
        unary("LpNormalization", lambda v: v / v.abs().sum(1, keepdim=True), axis=1, p=1),
        t.node("InstanceNormalization", [x, gain, shift], lambda v, g, b: F.instance_norm(v, weight=g, bias=b, eps=1e-3),
            epsilon=1e-3),
        t.node("Sum", [x, half, square], lambda *v: sum(v)), t.node("Mean", [x, square, bounded], lambda *v: sum(v) / 3),
        t.node("Max", [half, square, bounded], lambda a, b, c: torch.maximum(torch.maximum(a, b), c)),
        t.node("Min", [x, square, bounded], lambda a, b, c: torch.minimum(torch.minimum(a, b), c)),
        t.node("Max", [x, pooled, t.weight(np.float32(0.3).reshape(1, 1, 1))], lambda a, b,
            c: torch.maximum(torch.maximum(a, 1 * b), c)),
        t.node("Sum", [x], lambda v: v),
        *([unary("ThresholdedRelu", lambda v: torch.where(v > 0.4, v, 0 * v), alpha=0.4)] if t.case.opset >= 10 else []),
        unary("Softsign", F.softsign),
        unary("Shrink", lambda v: torch.where(v > 0.5, v - 0.2, torch.where(v < -0.5, v + 0.2, 0 * v)), lambd=0.5, bias=0.2),
        unary("Sinh", torch.sinh, half), unary("Cosh", torch.cosh, half), unary("Asinh", torch.asinh),
        unary("Atanh", torch.atanh, bounded),
        unary("Acosh", torch.acosh, binary(t, "Add", square, 1.2)),
        unary("LeakyRelu", lambda v: F.leaky_relu(v, 0.01)), unary("Elu", lambda v: F.elu(v, 1.4), alpha=1.4),
        unary("Selu", F.selu),
        unary("HardSigmoid", lambda v: (0.3 * v + 0.4).clamp(0, 1), alpha=0.3, beta=0.4),
        t.node("PRelu", [x, t.weight(torch.rand(8, 1, 20).numpy())], lambda v, s: torch.where(v > 0, v, v * s)),
        unary("SpaceToDepth", lambda v: space_to_depth(v, 2), blocksize=2),
        unary("DepthToSpace", lambda v: depth_to_space(v, 2), blocksize=2),
        t.node("Gemm", [vector, t.random(5, 8, fan_in=8), t.random(5)], lambda a, b, c: 0.5 * a @ b.T + 2 * c, transB=1, alpha=0.5,
            beta=2.0),
        t.node("Gemm", [flat, t.random(wide, 3, fan_in=wide), t.random(1, 1)], lambda a, b, c: a @ b + c),
        t.node("MatMul", [x, t.random(20, 4, fan_in=20)], torch.matmul),
        t.node("MatMul", [t.random(3, 20, fan_in=20), x], torch.matmul),
        t.node("MatMul", [x, x], lambda a, b: a @ b),
        t.node("Pow", [binary(t, "Add", square, 0.3), t.weight(0.5 + torch.rand(8, 1, 1).numpy())], torch.pow),
        t.node("Expand", [pooled, t.weight([1, 1, 3, 20])], lambda v, _: v.expand(-1, -1, 3, 20)),
        t.node("Tile", [x, t.weight([1, 2, 1, 3])], lambda v, _: v.repeat(1, 2, 1, 3)),
        unary("Dropout", lambda v: v), unary("Identity", lambda v: v),
        t.node("Gather", [x, t.weight([2, 0, 2, 19])], lambda v, i: v[:, :, i], axis=2),
        t.node("Gather", [x, t.weight(3)], lambda v, i: v[:, 3], axis=1),
        t.node("Reshape", [x, t.weight([0, 4, -1, 20])], lambda v, _: v.reshape(-1, 4, 40, 20)),
        t.node("Where", [t.node("Greater", [x, t.weight(np.float32(0.1))], lambda v, c: v > c), square, half], torch.where),
        t.node("Where",
            [t.node("Not", [t.node("Less", [x, half], torch.lt)], torch.logical_not), pooled, t.weight(np.float32(0.7))],
               lambda c, a, b: torch.where(c, a, b.to(a.dtype))),
        t.node("Sub", [t.weight(torch.rand(1, 8, 1, 1).numpy()), x], torch.sub),
        t.node("Div", [t.weight(torch.rand(20).numpy()), binary(t, "Add", square, 0.5)], torch.div), unary("Neg", torch.neg),
    ]


@case("operators_opset9", 9, "operators which PyTorch does not export, with attributes of opset 9", size=(20, 20), twin=True)
def operators_9(t):
    x = features(t)
    unary = lambda op, meaning, **attributes: t.node(op, [x], meaning, **attributes)
    parts = t.node("Split", [x], lambda v: v.split([3, 5], 1), outputs=2, axis=1, split=[3, 5])
    short = unary("Slice", lambda v: v[:, 1:4, :, -9:-2], axes=[1, 3], starts=[1, -9], ends=[4, -2])
    rows = t.node("Unsqueeze",
        [t.node("Squeeze", [t.node("Slice", [x], lambda v: v[:, 2:3], axes=[1], starts=[2], ends=[3])], lambda v: v.squeeze(1),
            axes=[1])],
                  lambda v: v.unsqueeze(2), axes=[2])
    branches = [
        *parts, short, rows,
        # Softmax over all that follows the axis, as before opset 13.
        binary(t, "Mul", unary("Softmax", lambda v: F.softmax(v.flatten(1), 1).view_as(v), axis=1), 500.0),
        unary("LogSoftmax", lambda v: F.log_softmax(v.flatten(2), 2).view_as(v), axis=2),
        unary("Softmax", lambda v: F.softmax(v, 3), axis=3), unary("Clip", lambda v: v.clamp(min=-0.3), min=-0.3),
        unary("Clip", lambda v: v.clamp(max=0.4), max=0.4),
        unary("Pad", lambda v: F.pad(v, (1, 2, 3, 0), value=0.6), pads=[0, 0, 3, 1, 0, 0, 0, 2], value=0.6),
        unary("Pad", lambda v: F.pad(v, (2, 1, 0, 4), mode="reflect"), pads=[0, 0, 0, 2, 0, 0, 4, 1], mode="reflect"),
        unary("Pad", lambda v: F.pad(v, (0, 3, 2, 2), mode="replicate"), pads=[0, 0, 2, 0, 0, 0, 2, 3], mode="edge"),
        unary("MeanVarianceNormalization",
            lambda v: (v - v.mean((2, 3), True)) / (v.var((2, 3), keepdim=True, unbiased=False).sqrt() + 1e-9), axes=[2, 3]),
        *common_operators(t, x),
    ]
    finish_branches(t, branches)


@case("operators_opset13", 13, "operators which PyTorch does not export, with inputs of opset 13", size=(20, 20), twin=True)
def operators_13(t):
    x = features(t)
    unary = lambda op, meaning, *inputs, **attributes: t.node(op, [x, *inputs], meaning, **attributes)
    parts = t.node("Split", [x, t.weight([2, 5, 1])], lambda v, _: v.split([2, 5, 1], 1), outputs=3, axis=1)
    equal = t.node("Split", [x], lambda v: v.split([5] * 4, 2), outputs=4, axis=-2)
    one = t.weight(np.float32(0.4))
    branches = [
        *parts, equal[2], binary(t, "Mul", equal[0], equal[3]),
        unary("Slice", lambda v, *_: v[:, :, 2:17:3].flip(3)[..., ::2],
            *(t.weight(v) for v in ([2, -1], [17, -1000], [2, 3], [3, -2]))),
        unary("Softmax", lambda v: F.softmax(v, 1), axis=1), unary("Softmax", lambda v: F.softmax(v, 3)),
        unary("LogSoftmax", lambda v: F.log_softmax(v, 2), axis=-2),
        unary("Clip", lambda v, c: torch.maximum(v, c.to(v.dtype)), t.weight(np.float32(-0.3))),
        t.node("Clip", [x, "", one], lambda v, c: torch.minimum(v, c.to(v.dtype))),
        unary("CumSum", lambda v, _: v.cumsum(2), t.weight(2)),
        unary("CumSum", lambda v, _: v.flip(3).cumsum(3).flip(3) - v, t.weight(3), exclusive=1, reverse=1),
        unary("DepthToSpace", lambda v: F.pixel_shuffle(v, 2), blocksize=2, mode="CRD"),
        gather_nd(t, x),
        t.node("GatherND", [x, expanded(t, x, [[1, 4], [7, 0], [1, 4]])], lambda v: v[:, [1, 7, 1], [4, 0, 4]], batch_dims=1),
        t.node("Einsum", [x, t.random(8, 20, 4, fan_in=20)], lambda a, b: torch.einsum("nchw,cwk->nchk", a, b),
            equation="nchw,cwk->nchk"),
        t.node("Einsum", [x, x], lambda a, b: torch.einsum("nchw,nchw->nch", a, b), equation="nchw,nchw->nch"),
        unary("Celu", lambda v: F.celu(v, 0.6), alpha=0.6),
        *common_operators(t, x),
    ]
    finish_branches(t, branches)


def scatter_add_rows(t, x):
    """ScatterND which adds, twice to the same row."""
    last = transpose(t, x, 1, 2, 3, 0)
    rows = t.node("GatherND", [last, t.weight([[0, 1], [2, 3], [4, 5]])], lambda v, i: v[i[:, 0], i[:, 1]])

    def meaning(v, i, u):
        return v.index_put((i[:, 0], i[:, 1]), u, accumulate=True)

    scattered = t.node("ScatterND", [last, t.weight([[1, 4], [7, 0], [1, 4]]), rows], meaning, reduction="add")
    return transpose(t, scattered, 3, 0, 1, 2)


@case("operators_opset17", 17, "operators which PyTorch does not export, of opsets 14 to 17", size=(20, 20), twin=True)
def operators_17(t):
    x = features(t)
    unary = lambda op, meaning, *inputs, **attributes: t.node(op, [x, *inputs], meaning, **attributes)
    columns = np.array([3, 0, 3, 19, 7]).reshape(1, 1, 5).repeat(8, 0).repeat(20, 1)
    index = torch.from_numpy(columns)
    update = t.node("Slice", [x, *(t.weight(v) for v in ([0], [5], [3]))], lambda v, *_: v[..., :5])
    spread = lambda v: index.expand(v.shape[0], 8, 20, 5)
    branches = [
        unary("LayerNormalization", lambda v, s: F.layer_norm(v, [20], s), t.weight(0.5 + torch.rand(20).numpy())),
        unary("LayerNormalization", lambda v, s, b: F.layer_norm(v, [8, 20, 20]) * s + b,
            t.weight(0.5 + torch.rand(8, 20, 20).numpy()),
              t.weight(torch.rand(8, 20, 20).numpy()), axis=1),
        unary("LayerNormalization", lambda v, s: F.layer_norm(v, [20, 20], eps=0.01) * s,
            t.weight(0.5 + torch.rand(20, 20).numpy()), axis=-2,
              epsilon=0.01),
        unary("HardSwish", F.hardswish), unary("Trilu", torch.triu), unary("Trilu", lambda v, _: v.tril(-2), t.weight(-2), upper=0),
        t.batch_norm(x), scatter_add_rows(t, x),
        t.node("ScatterElements", [x, expanded(t, x, columns), update], lambda v, u: v.scatter_add(3, spread(v), u), axis=3,
            reduction="add"),
        unary("GatherElements", lambda v: v.gather(3, spread(v)), expanded(t, x, columns), axis=-1),
        t.node("Where", [t.node("LessOrEqual", [x, binary(t, "Mul", x, x)], torch.le), x, t.weight(np.float32(-0.2))], lambda c, a,
            b: torch.where(c, a, b.to(a.dtype))),
        unary("ReduceSum", lambda v: v, noop_with_empty_axes=1),
        *common_operators(t, x),
    ]
    finish_branches(t, branches)


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
