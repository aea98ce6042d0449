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


def conv(image, w, b, stride=2):
    """Images (N, C, H, W) by a kernel (KH, KW, in, out), padded to ceil(size / stride) windows."""
    rows, columns = (same(side, w.shape[0], stride) for side in image.shape[2:])
    padded = functional.pad(image, (*columns, *rows))
    return functional.conv2d(padded, w.permute(3, 2, 0, 1), b, stride=stride)


def conv_transpose(image, w, b, size):
    """The transpose of conv from images of `size`, by a kernel (KH, KW, out, in): whole windows are
    added up, then the padding is cut."""
    image = functional.conv_transpose2d(image, w.permute(3, 2, 0, 1), b, stride=2)
    (top, _), (left, _) = (same(side, w.shape[0]) for side in size)
    return image[:, :, top:top + size[0], left:left + size[1]]


class Images:
    """Of isthmus/nn/images.h: stages that halve the image, then dense layers to the code, and their
    mirror image. Layers are made, and named, in the order in which values pass through them."""

    def __init__(self, case, parameters, planes, kernel):
        self.case, self.parameters, self.kernel = case, parameters, kernel
        self.act = {"relu": torch.relu, "silu": functional.silu}[case.get("activation", "relu")]
        self.item, self.planes = case["item"], planes
        self.channels = [self.item[2], *numbers_of(case["stages"])]
        self.sizes = [tuple(self.item[:2])]
        for _ in self.channels[1:]:
            self.sizes.append(tuple((side + 1) // 2 for side in self.sizes[-1]))
        self.smallest = (*self.sizes[-1], self.channels[-1])
        self.hidden, self.latent = numbers_of(case["hidden"]), case["latent"]
        flat_size = math.prod(self.smallest)
        self.encoder = self.make("encoder", self.encoder_layers(flat_size))
        self.decoder = self.make("decoder", self.decoder_layers(flat_size))

    def make(self, scope, layers):
        """The layers in a row, a function of values. Of each: whether it takes the next name,
        and then what makes it under that name; otherwise the layer itself."""
        row, index = [], 0
        for named, layer in layers:
            row.append(layer(f"{scope}/{index}") if named else layer)
            index += named

        def applied(values):
            for layer in row:
                values = layer(values)
            return values
        return applied

    def dense(self, inputs, outputs, activate=True):
        def maker(name):
            w = self.parameters.make(f"{name}/weight", inputs, outputs)
            b = self.parameters.make(f"{name}/bias", outputs)
            return lambda x: self.act(x @ w + b) if activate else x @ w + b
        return True, maker

    def conv(self, side, inputs, outputs, stride=2):
        def maker(name):
            w = self.parameters.make(f"{name}/weight", side, side, inputs, outputs)
            b = self.parameters.make(f"{name}/bias", outputs)
            return lambda x: conv(x, w, b, stride)
        return True, maker

    def transposed(self, stage):
        """From the image behind a stage to the one before it, or to the item's planes."""
        outputs = self.channels[stage - 1] * (self.planes if stage == 1 else 1)
        def maker(name):
            w = self.parameters.make(f"{name}/weight", self.kernel, self.kernel, outputs,
                                     self.channels[stage])
            b = self.parameters.make(f"{name}/bias", outputs)
            return lambda x: conv_transpose(x, w, b, self.sizes[stage - 1])
        return True, maker

    def norm(self, channels):
        """And the activation behind it."""
        kind = self.case.get("norm", "none")
        groups = next(n for n in range(min(max(channels // 4, 1), 8), 0, -1) if channels % n == 0)
        def maker(name):
            scale = self.parameters.make(f"{name}/scale", channels)
            shift = self.parameters.make(f"{name}/shift", channels)
            def group(x):
                return self.act(functional.group_norm(x, groups, scale, shift))
            def layer(x):
                x = functional.layer_norm(x.permute(0, 2, 3, 1), (channels,), scale, shift)
                return self.act(x).permute(0, 3, 1, 2)
            return group if kind == "group" else layer
        return (False, self.act) if kind == "none" else (True, maker)

    def to_code(self, flat_size):
        widths = [flat_size, *self.hidden]
        yield False, lambda image: image.permute(0, 2, 3, 1).flatten(1)
        for a, b in zip(widths, widths[1:]):
            yield self.dense(a, b)
        yield self.dense(widths[-1], 2 * self.latent, activate=False)

    def from_code(self, flat_size, activate):
        widths = [self.latent, *reversed(self.hidden)]
        for a, b in zip(widths, widths[1:]):
            yield self.dense(a, b)
        yield self.dense(widths[-1], flat_size, activate)
        yield False, lambda z: z.reshape(-1, *self.smallest).permute(0, 3, 1, 2)

    def encode(self, x):
        """(N, H * W * C) -> (N, 2 * latent)"""
        return self.encoder(x.reshape(-1, *self.item).permute(0, 3, 1, 2))

    def decode(self, z):
        """(N, latent) -> (N, planes * H * W * C)"""
        planes = self.decoder(z).permute(0, 2, 3, 1).unflatten(3, (self.planes, -1))
        return planes.permute(0, 3, 1, 2, 4).flatten(1)


class Conv(Images):
    """Of isthmus/nn/nets/conv.cc."""

    def __init__(self, case, parameters, planes):
        super().__init__(case, parameters, planes, case["kernel_side"])

    def encoder_layers(self, flat_size):
        for a, b in zip(self.channels, self.channels[1:]):
            yield self.conv(self.kernel, a, b)
            yield self.norm(b)
        yield from self.to_code(flat_size)

    def decoder_layers(self, flat_size):
        yield from self.from_code(flat_size, activate=True)
        for stage in range(len(self.channels) - 1, 1, -1):
            yield self.transposed(stage)
            yield self.norm(self.channels[stage - 1])
        yield self.transposed(1)


class Resnet(Images):
    """Of isthmus/nn/nets/resnet.cc: behind each stage, blocks of normalized convolutions that are
    added to what goes into them."""

    def __init__(self, case, parameters, planes):
        super().__init__(case, parameters, planes, 4)

    def blocks(self, channels):
        def maker(name):
            inner = self.make(name, [self.norm(channels), self.conv(3, channels, channels, 1),
                                     self.norm(channels), self.conv(3, channels, channels, 1)])
            return lambda x: x + inner(x)
        return [(True, maker)] * self.case["blocks"]

    def encoder_layers(self, flat_size):
        for a, b in zip(self.channels, self.channels[1:]):
            yield self.conv(self.kernel, a, b)
            yield from self.blocks(b)
        yield self.norm(self.channels[-1])
        yield from self.to_code(flat_size)

    def decoder_layers(self, flat_size):
        yield from self.from_code(flat_size, activate=False)
        for stage in range(len(self.channels) - 1, 0, -1):
            yield from self.blocks(self.channels[stage])
            if stage > 1:
                yield self.transposed(stage)
        yield self.norm(self.channels[1])
        yield self.transposed(1)


NETWORKS = {"conv": Conv, "resnet": Resnet}


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
    yield {**odd, "likelihood": "bernoulli", "stages": "8,6", "kernel_side": 4, "hidden": "6",
           "norm": "group"}
    yield {"arch": "conv", "item": [28, 28, 1], "latent": 4, "likelihood": "bernoulli",
           "stages": "16,32", "kernel_side": 4, "hidden": "32"}
    # Ten steps through norms come near a kink of relu, where float32 may take the other side.
    residual = {"arch": "resnet", "item": [9, 11, 3], "latent": 2, "hidden": "6",
                "activation": "silu"}
    yield {**residual, "likelihood": "gaussian", "stages": "8,12", "blocks": 1, "norm": "group"}
    yield {**residual, "likelihood": "laplace", "stages": "5,6", "blocks": 2, "norm": "layer"}
    yield {**residual, "likelihood": "bernoulli", "stages": "7", "blocks": 1, "norm": "none"}


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
