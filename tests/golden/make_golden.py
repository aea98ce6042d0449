#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the golden fixtures of this folder with PyTorch, in double precision.

    python3 tests/golden/make_golden.py

models.json: for every model, likelihood and estimator, with one and three draws, on tiny shapes: the
terms, the gradient of the objective with respect to every parameter, the objective before each of
ten Adam steps and the weights after them. The data are bytes, the same in every step; the noise is
that which isthmus draws in epochs 1 to 10 (normal() below, the definition in isthmus/base/rng_key.h).
optimizers.json: ten steps of each optimizer on a least-squares problem. PyTorch's own distributions
compute the densities and its own optimizers the steps; nothing else here repeats formulas of isthmus
but the learned variance. The same PyTorch on the same kind of processor writes the same bytes.
"""
import json
import math
import pathlib

import torch
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal, kl_divergence

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
B, D, H, Z, L, STEPS = 4, 6, 5, 2, 3, 10  # L: most draws per item
NOISE_SEED = 9
NOISE_KEY = (0x0d668977, 0x009472ea)  # RngKey::from(NOISE_SEED, "noise/posterior")
MIN_SIGMA = 1 / 255 / math.sqrt(12)
INITIAL_SIGMA = 0.4


def flat(tensor):
    return [float(v) for v in tensor.detach().reshape(-1)]


def philox(key, counter):
    """Ten rounds of Philox4x32 (Salmon et al. 2011)."""
    for i in range(10):
        low, high = ((k + i * w) & 0xFFFFFFFF for k, w in zip(key, (0x9E3779B9, 0xBB67AE85)))
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = ((b >> 32) ^ counter[1] ^ low, b & 0xFFFFFFFF,
                   (a >> 32) ^ counter[3] ^ high, a & 0xFFFFFFFF)
    return counter


def normal(item, epoch, draw):
    """Box-Muller on a pair of words; isthmus does this in float32, so the last bit may differ."""
    words = philox(NOISE_KEY, (item, 0, epoch, draw // 4))
    first, second = ((w >> 9) * 2.0**-23 + 2.0**-24 for w in words[draw // 2 % 2 * 2:][:2])
    turn = math.sin if draw % 2 else math.cos
    return math.sqrt(-2 * math.log(first)) * turn(2 * math.pi * second)


def first_weights(heads, sigma):
    draw = torch.Generator().manual_seed(3)
    shapes = {"encoder/0/weight": (D, H), "encoder/0/bias": (H,), "encoder/1/weight": (H, heads),
              "encoder/1/bias": (heads,), "decoder/0/weight": (Z, H), "decoder/0/bias": (H,),
              "decoder/1/weight": (H, D), "decoder/1/bias": (D,)}
    weights = {name: 0.6 * torch.randn(shape, generator=draw) for name, shape in shapes.items()}
    if sigma != "fixed":
        start = 0.5 * math.log(INITIAL_SIGMA**2 - MIN_SIGMA**2)
        weights["likelihood/log_sigma"] = torch.full((1 if sigma == "learned" else D,), start)
    # Rounded to float32, so that every precision starts from the same numbers.
    return {name: w.float().double().requires_grad_() for name, w in weights.items()}


def layers(weights, part, x):
    hidden = torch.relu(x @ weights[part + "/0/weight"] + weights[part + "/0/bias"])
    return hidden @ weights[part + "/1/weight"] + weights[part + "/1/bias"]


def log_likelihood(case, weights, params, x):
    if case["likelihood"] == "bernoulli":
        terms = Bernoulli(logits=params, validate_args=False).log_prob(x)
    elif case["likelihood"] == "continuous_bernoulli":
        terms = ContinuousBernoulli(logits=params).log_prob(x)
    elif case["sigma"] == "0.5":
        terms = Normal(params, 0.5).log_prob(x)
    else:
        variance = torch.exp(2 * weights["likelihood/log_sigma"]) + MIN_SIGMA**2
        terms = Normal(params, variance.sqrt()).log_prob(x)
    return terms.sum(-1)


def terms_of(case, weights, x, noise):
    """reconstruction, kl (or None) and objective, averaged over items."""
    heads = layers(weights, "encoder", x)
    if case["model"] == "ae":
        reconstruction = -log_likelihood(case, weights, layers(weights, "decoder", heads), x).mean()
        return reconstruction, None, reconstruction
    posterior = Normal(heads[:, :Z], torch.exp(0.5 * heads[:, Z:]))
    prior = Normal(torch.zeros(Z), torch.ones(Z))
    z = posterior.loc + posterior.scale * noise.transpose(0, 1)  # (L, B, Z)
    reconstruction = -log_likelihood(case, weights, layers(weights, "decoder", z), x).mean()
    if case["estimator"] == "sgvb_b":
        kl = kl_divergence(posterior, prior).sum(-1).mean()
    else:
        kl = (posterior.log_prob(z) - prior.log_prob(z)).sum(-1).mean()
    return reconstruction, kl, reconstruction + case["beta"] * case["kl_weight"] * kl


def fill_in(case, x, noise):
    """`noise` is (STEPS, B, L, Z)."""
    sigma = "fixed" if case["likelihood"] != "gaussian" or case["sigma"] == "0.5" else case["sigma"]
    heads = Z if case["model"] == "ae" else 2 * Z
    case["weights"] = f"{heads} heads, {sigma} sigma"
    weights = first_weights(heads, sigma)
    noise = noise[:, :, :case["samples"]]
    reconstruction, kl, objective = terms_of(case, weights, x, noise[0])
    objective.backward()
    case["reconstruction"] = reconstruction.item()
    if kl is not None:
        case["kl"] = kl.item()
    first = {name: flat(w) for name, w in weights.items()}
    case["gradients"] = {name: flat(w.grad) for name, w in weights.items()}
    optimizer = torch.optim.Adam(weights.values(), lr=1e-2)
    case["objectives"] = []
    for step in range(STEPS):
        optimizer.zero_grad()
        objective = terms_of(case, weights, x, noise[step])[2]
        objective.backward()
        optimizer.step()
        case["objectives"].append(objective.item())
    case["weights_after"] = {name: flat(w) for name, w in weights.items()}
    return case, first


def model_cases():
    likelihoods = [("bernoulli", "auto"), ("continuous_bernoulli", "auto"), ("gaussian", "0.5"),
                   ("gaussian", "learned"), ("gaussian", "per_dimension")]
    for likelihood, sigma in likelihoods:
        yield {"model": "ae", "likelihood": likelihood, "sigma": sigma, "estimator": "sgvb_b",
               "samples": 1, "beta": 1.0, "kl_weight": 1.0}
        for model, beta in (("vae", 1.0), ("beta_vae", 4.0)):
            for estimator in ("sgvb_a", "sgvb_b"):
                for samples in (1, L):
                    yield {"model": model, "likelihood": likelihood, "sigma": sigma,
                           "estimator": estimator, "samples": samples, "beta": beta,
                           "kl_weight": 0.25}


def write_models():
    draw = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (B, D), generator=draw)
    pixels[0, 0], pixels[1, 1] = 0, 255
    x = (pixels / 255).float().double()
    noise = torch.tensor([normal(item, step, i) for step in range(1, STEPS + 1) for item in range(B)
                          for i in range(L * Z)]).reshape(STEPS, B, L, Z).float().double()
    cases, first = [], {}
    for case in model_cases():
        case, weights = fill_in(case, x, noise)
        cases.append(case)
        first[case["weights"]] = weights
    document = {"torch": torch.__version__, "batch": B, "values": D, "hidden": H, "latent": Z,
                "min_sigma": MIN_SIGMA, "initial_sigma": INITIAL_SIGMA, "learning_rate": 1e-2,
                "pixels": pixels.reshape(-1).tolist(), "x": flat(x), "noise_seed": NOISE_SEED,
                "noise": flat(noise), "first_weights": first, "cases": cases}
    write("models.json", document)


def optimizer_cases():
    yield "adam", {"lr": 0.02}, torch.optim.Adam
    yield "adam", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}, torch.optim.Adam
    yield "adamw", {"lr": 0.02, "weight_decay": 0.1}, torch.optim.AdamW
    yield "adamw", {"lr": 0.02, "weight_decay": 0.0}, torch.optim.AdamW
    yield "sgd", {"lr": 0.02, "momentum": 0.9}, torch.optim.SGD
    yield "sgd", {"lr": 0.02, "momentum": 0.0, "weight_decay": 0.1}, torch.optim.SGD


def write_optimizers():
    draw = torch.Generator().manual_seed(2)
    x = torch.randn((5, 3), generator=draw).float().double()
    first = torch.randn((3, 2), generator=draw).float().double()
    cases = []
    for name, settings, optimizer_class in optimizer_cases():
        for clip in (None, 0.5):
            weight = first.clone().requires_grad_()
            optimizer = optimizer_class([weight], **settings)
            steps, norms = [], []
            for _ in range(10):
                optimizer.zero_grad()
                ((x @ weight - 1) ** 2).sum(-1).mean().backward()
                norms.append(weight.grad.norm().item())
                if clip is not None:
                    weight.grad *= min(1.0, clip / norms[-1])
                optimizer.step()
                steps.append(flat(weight))
            beta1, beta2 = settings.get("betas", (0.9, 0.999))
            cases.append({"name": name, "learning_rate": settings["lr"], "beta1": beta1, "beta2": beta2,
                          "epsilon": settings.get("eps", 1e-8), "momentum": settings.get("momentum", 0.0),
                          "weight_decay": settings.get("weight_decay", 0.0), "clip": clip,
                          "norms": norms, "weights": steps})
    write("optimizers.json", {"torch": torch.__version__, "x": flat(x), "first": flat(first), "cases": cases})


def write(name, document):
    text = json.dumps(document, separators=(",", ":")).replace(',{"model"', ',\n{"model"').replace(
        ',{"name"', ',\n{"name"')
    (HERE / name).write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {len(text)} bytes")


if __name__ == "__main__":
    write_models()
    write_optimizers()
