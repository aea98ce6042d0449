#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes networks.json of this folder with PyTorch, in double precision.

    python3 tests/golden/make_network_golden.py

VAEs whose networks are not dense layers alone: terms, the gradient with respect to every parameter,
the objective before each of ten Adam steps and the weights after them. PyTorch's own convolutions
compute them; images go in and come out channels last, as isthmus has them. The file holds no
tensor: first weights and pixels are Philox draws, exact in float32, that a test draws again
(uniform() below), and of a result it holds the norm and projections on PROJECTIONS fixed random
directions, in which two tensors agree only where they agree in the 2-norm.
"""
import functools
import math

import torch
from torch.distributions import Bernoulli, Laplace, Normal, kl_divergence
from torch.nn import functional

from make_golden import MIN_SIGMA, NOISE_KEY, NOISE_SEED, STEPS, flat, normal, philox, write

B, PROJECTIONS, LEARNING_RATE, KL_WEIGHT = 5, 8, 1e-2, 0.5
# Epochs of the draws that are no noise, which has those from 1 to STEPS.
WEIGHTS, PIXELS, DIRECTIONS = 0, 20, 30


@functools.cache
def uniform(item, epoch, count):
    """(0, 1), of 24 bits: the definition in isthmus/base/rng_key.h."""
    words = [w for block in range(-(-count // 4)) for w in philox(NOISE_KEY, (item, 0, epoch, block))]
    return torch.tensor([(w >> 9) * 2.0**-23 + 2.0**-24 for w in words[:count]])


def numbers_of(text):
    return [int(word) for word in text.split(",")]


class Parameters:
    """Made in the order of their names in `all`; a weight of isthmus' shape, drawn from
    (-scale / 2, scale / 2) with a scale that is a power of two."""

    def __init__(self):
        self.all, self.scales = {}, {}

    def make(self, name, *shape):
        fan_in = math.prod(shape[:-1])  # of a bias: 1
        self.scales[name] = 2.0 ** round(math.log2(3.0 / math.sqrt(fan_in))) if len(shape) > 1 else 1.0
        drawn = uniform(len(self.all), WEIGHTS, math.prod(shape)).reshape(shape)
        self.all[name] = ((drawn - 0.5) * self.scales[name]).requires_grad_()
        return self.all[name]


def same(size, kernel, stride=2):
    """Zeros before and behind: ceil(size / stride) windows, the odd zero behind."""
    total = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


class Conv:
    """Of isthmus/nn/nets/conv.cc: stages that halve the image, then dense layers, and their mirror
    image. Weights are (KH, KW, in, out), in the decoder (KH, KW, out, in)."""

    def __init__(self, case, parameters, planes):
        self.item, self.kernel, self.planes = case["item"], case["kernel_side"], planes
        stages, hidden, latent = numbers_of(case["stages"]), numbers_of(case["hidden"]), case["latent"]
        channels = [self.item[2], *stages]
        self.sizes = [tuple(self.item[:2])]
        for _ in stages:
            self.sizes.append(tuple((side + 1) // 2 for side in self.sizes[-1]))
        self.smallest = (*self.sizes[-1], channels[-1])
        flat_size = math.prod(self.smallest)
        k = self.kernel
        shapes = [(k, k, a, b) for a, b in zip(channels, channels[1:])]
        down = [*shapes, *self.dense([flat_size, *hidden, 2 * latent])]
        up = self.dense([latent, *reversed(hidden), flat_size])
        up += [shapes[i] if i else (k, k, channels[0] * planes, channels[1])
               for i in reversed(range(len(shapes)))]
        self.encoder = self.layers(parameters, "encoder", down)
        self.decoder = self.layers(parameters, "decoder", up, transposed=True)

    @staticmethod
    def dense(widths):
        return list(zip(widths, widths[1:]))

    @staticmethod
    def layers(parameters, part, shapes, transposed=False):
        made = []
        for index, shape in enumerate(shapes):
            outputs = shape[2] if transposed and len(shape) == 4 else shape[-1]
            made.append((parameters.make(f"{part}/{index}/weight", *shape),
                         parameters.make(f"{part}/{index}/bias", outputs)))
        return made

    def encode(self, x):
        """(N, H * W * C) -> (N, 2 * latent)"""
        image = x.reshape(-1, *self.item).permute(0, 3, 1, 2)
        for size, (w, b) in zip(self.sizes[:-1], self.encoder):
            rows, columns = (same(side, self.kernel) for side in size)
            padded = functional.pad(image, (*columns, *rows))
            image = torch.relu(functional.conv2d(padded, w.permute(3, 2, 0, 1), b, stride=2))
        values = image.permute(0, 2, 3, 1).flatten(1)
        for w, b in self.encoder[len(self.sizes) - 1:-1]:
            values = torch.relu(values @ w + b)
        w, b = self.encoder[-1]
        return values @ w + b

    def decode(self, z):
        """(N, latent) -> (N, planes * H * W * C)"""
        stages = len(self.sizes) - 1
        for w, b in self.decoder[:-stages]:
            z = torch.relu(z @ w + b)
        image = z.reshape(-1, *self.smallest).permute(0, 3, 1, 2)
        for size, (w, b) in zip(reversed(self.sizes[:-1]), self.decoder[-stages:]):
            image = torch.relu(image)  # once more on the values of the dense layers, which stay
            # The transpose of the encoder's: whole windows are added up, then the padding is cut.
            image = functional.conv_transpose2d(image, w.permute(3, 2, 0, 1), b, stride=2)
            (top, _), (left, _) = (same(side, self.kernel) for side in size)
            image = image[:, :, top:top + size[0], left:left + size[1]]
        planes = image.permute(0, 2, 3, 1).unflatten(3, (self.planes, -1))
        return planes.permute(0, 3, 1, 2, 4).flatten(1)


NETWORKS = {"conv": Conv}


class Vae:
    def __init__(self, case):
        self.case, self.latent, self.parameters = case, case["latent"], Parameters()
        planes = 2 if case["likelihood"] == "laplace" else 1
        self.network = NETWORKS[case["arch"]](case, self.parameters, planes)
        if case["likelihood"] == "gaussian":
            self.log_sigma = self.parameters.make("likelihood/log_sigma", 1)

    def likelihood(self, params):
        if self.case["likelihood"] == "bernoulli":
            return Bernoulli(logits=params, validate_args=False)
        if self.case["likelihood"] == "gaussian":
            return Normal(params, (torch.exp(2 * self.log_sigma) + MIN_SIGMA**2).sqrt())
        median, log_b = params.chunk(2, dim=1)
        return Laplace(median, (torch.exp(2 * log_b) + MIN_SIGMA**2 / 2).sqrt())

    def terms(self, x, noise):
        heads = self.network.encode(x)
        posterior = Normal(heads[:, :self.latent], torch.exp(0.5 * heads[:, self.latent:]))
        z = posterior.loc + posterior.scale * noise
        reconstruction = -self.likelihood(self.network.decode(z)).log_prob(x).sum(-1).mean()
        prior = Normal(torch.zeros(self.latent), torch.ones(self.latent))
        kl = kl_divergence(posterior, prior).sum(-1).mean()
        return reconstruction, kl, reconstruction + KL_WEIGHT * kl


def measured(tensor):
    values = tensor.detach().reshape(-1)
    directions = [uniform(j, DIRECTIONS, len(values)) - 0.5 for j in range(PROJECTIONS)]
    return {"norm": values.norm().item(), "projections": [(values @ d).item() for d in directions]}


def fill_in(case, noise):
    size = math.prod(case["item"])
    pixels = torch.stack([torch.floor(256 * uniform(item, PIXELS, size)) for item in range(B)])
    x = (pixels * (1.0 / 255)).float().double()
    vae = Vae(case)
    weights = vae.parameters.all
    reconstruction, kl, objective = vae.terms(x, noise[0, :, :case["latent"]])
    objective.backward()
    case["reconstruction"], case["kl"] = reconstruction.item(), kl.item()
    case["parameters"] = {
        name: {"place": place, "shape": list(w.shape), "scale": vae.parameters.scales[name],
               "gradient": measured(w.grad)} for place, (name, w) in enumerate(weights.items())}
    optimizer = torch.optim.Adam(weights.values(), lr=LEARNING_RATE)
    case["objectives"] = []
    for step in range(STEPS):
        optimizer.zero_grad()
        objective = vae.terms(x, noise[step, :, :case["latent"]])[2]
        objective.backward()
        optimizer.step()
        case["objectives"].append(objective.item())
    for name, w in weights.items():
        case["parameters"][name]["after"] = measured(w)
    return case


def cases():
    odd = {"arch": "conv", "item": [9, 11, 3], "latent": 2}
    yield {**odd, "likelihood": "gaussian", "stages": "4,5", "kernel_side": 4, "hidden": "6"}
    yield {**odd, "likelihood": "bernoulli", "stages": "5,4", "kernel_side": 3, "hidden": "7,5"}
    yield {**odd, "likelihood": "laplace", "stages": "17", "kernel_side": 5, "hidden": "6"}
    yield {"arch": "conv", "item": [28, 28, 1], "latent": 4, "likelihood": "bernoulli",
           "stages": "16,32", "kernel_side": 4, "hidden": "32"}


def main():
    most = max(case["latent"] for case in cases())
    noise = torch.tensor([normal(item, step, i) for step in range(1, STEPS + 1)
                          for item in range(B) for i in range(most)]).float().double()
    noise = noise.reshape(STEPS, B, most)
    write("networks.json", {
        "torch": torch.__version__, "batch": B, "noise_seed": NOISE_SEED, "min_sigma": MIN_SIGMA,
        "learning_rate": LEARNING_RATE, "kl_weight": KL_WEIGHT,
        "epochs": {"weights": WEIGHTS, "pixels": PIXELS, "directions": DIRECTIONS},
        "noise": flat(noise), "cases": [fill_in(case, noise) for case in cases()]})


if __name__ == "__main__":
    main()
