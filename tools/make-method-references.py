"""Writes what the tests of the optimiser and of the paper's objective compare with, by PyTorch in double precision.

Run: /usr/bin/python3 tools/make-method-references.py
Needs Debian's python3-torch and python3-numpy. Writes adam.npz, objective.npz and sgd.npz into test/references.
"""
import pathlib

import numpy as np
import torch

folder = pathlib.Path(__file__).parent.parent / "test" / "references"
torch.manual_seed(0)


def random(*shape):
    # Rounded to what the other side holds, so that both start from the same numbers.
    return torch.rand(*shape).double()


def save(name, arrays):
    np.savez_compressed(folder / name, **{key: value.detach().numpy().astype(np.float32) for key, value in arrays.items()})


steps, size = 8, 5
gradients = (2 * random(steps, size) - 1) * torch.logspace(-3, 1, size).float().double()
parameter = random(size).requires_grad_()
start = parameter.detach().clone()
adam = torch.optim.Adam([parameter], lr=0.01)
path = []
for gradient in gradients:
    parameter.grad = gradient.clone()
    adam.step()
    path.append(parameter.detach().clone())
save("adam.npz", {"start": start, "gradients": gradients, "path": torch.stack(path)})

# Eq. 5 of the paper over five images; cosines are clamped 1e-6 inside of [-1, 1].
clean, reversed_ = random(5, 3, 4, 3), random(5, 3, 4, 3).requires_grad_()
outputs = (4 * random(5, 2) - 2).requires_grad_()
rows = 2 * random(2, 6) - 1
features = 2 * random(5, 6) - 1
features[1] = 2 * rows[0]  # an angle of 0: the cosine is clamped
features.requires_grad_()
clean_features, clean_outputs = 2 * random(5, 6) - 1, 4 * random(5, 2) - 2


def angles(h):
    cosines = (h @ rows.T) / (h.norm(dim=1, keepdim=True) * rows.norm(dim=1))
    return cosines.clamp(-1 + 1e-6, 1 - 1e-6).arccos()


clean_angle_variance = angles(clean_features).var(dim=0, unbiased=False)
clean_output_variance = clean_outputs.var(dim=0, unbiased=False)
variance = outputs.var(dim=0, unbiased=False)
norms = (reversed_ - clean).abs().sum(dim=(1, 2, 3))
terms = {
    "absolute in radians": variance.mean(),
    "absolute in degrees": (variance * (180 / torch.pi) ** 2).mean(),
    "relative": (variance / clean_output_variance).mean(),
    "l1 sum": norms.mean(),
    "l1 channel-mean": (reversed_ - clean).abs().mean(dim=1).sum(dim=(1, 2)).mean(),
    "coneRatio": (angles(features).var(dim=0, unbiased=False) / clean_angle_variance).mean(),
}
# The gaze task's lambdas hold at 224 x 224 x 3 values, and grow with the image.
scale = (3 * 4 * 3) / (224 * 224 * 3)
loss = 20 * scale * terms["absolute in radians"] + terms["l1 sum"] + 800 * scale * terms["coneRatio"]
loss.backward()
save(
    "objective.npz",
    {
        **{"clean": clean, "reversed": reversed_, "outputs": outputs, "features": features, "rows": rows},
        **{"cleanFeatures": clean_features, "cleanOutputVariance": clean_output_variance},
        **{"cleanAngleVariance": clean_angle_variance, "angles": angles(features), "norms": norms, "loss": loss},
        **{f"term {name}": value for name, value in terms.items()},
        **{f"gradient {name}": value.grad for name, value in {"reversed": reversed_, "outputs": outputs, "features": features}.items()},
    },
)

# SGD with momentum and weight decay, whose rate is divided by 10 at steps 3 and 6.
gradients = 2 * random(steps, size) - 1
parameter = random(size).requires_grad_()
start = parameter.detach().clone()
sgd = torch.optim.SGD([parameter], lr=0.1, momentum=0.9, weight_decay=0.05)
schedule = torch.optim.lr_scheduler.MultiStepLR(sgd, [3, 6], gamma=0.1)
path, rates = [], []
for gradient in gradients:
    rates.append(schedule.get_last_lr()[0])
    parameter.grad = gradient.clone()
    sgd.step()
    schedule.step()
    path.append(parameter.detach().clone())
save("sgd.npz", {"start": start, "gradients": gradients, "path": torch.stack(path), "rates": torch.tensor(rates)})
