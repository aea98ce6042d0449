#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the golden fixtures of this folder with PyTorch, in double precision.

    python3 tests/golden/make_golden.py

models.json: for every model, likelihood and estimator on tiny shapes: the terms, the gradient of
the objective with respect to every parameter, the objective before each of ten Adam steps and the
weights after them; data and noise are the same in every step. optimizers.json: ten steps of each
optimizer on a least-squares problem. PyTorch's own distributions compute the densities and its own
optimizers the steps; nothing here repeats formulas of isthmus but the learned variance.
"""
import json
import math
import pathlib

import torch
from torch.distributions import Bernoulli, ContinuousBernoulli, Normal, kl_divergence

torch.set_default_dtype(torch.float64)
HERE = pathlib.Path(__file__).parent
B, D, H, Z = 4, 6, 5, 2
MIN_SIGMA = 1 / 255 / math.sqrt(12)
INITIAL_SIGMA = 0.4


def flat(tensor):
    return [float(v) for v in tensor.detach().reshape(-1)]


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
    sigma = "fixed" if case["likelihood"] != "gaussian" or case["sigma"] == "0.5" else case["sigma"]
    weights = first_weights(Z if case["model"] == "ae" else 2 * Z, sigma)
    noise = noise[:, :case["samples"]]
    reconstruction, kl, objective = terms_of(case, weights, x, noise)
    objective.backward()
    case["reconstruction"] = reconstruction.item()
    if kl is not None:
        case["kl"] = kl.item()
    case["weights"] = {name: flat(w) for name, w in weights.items()}
    case["gradients"] = {name: flat(w.grad) for name, w in weights.items()}
    optimizer = torch.optim.Adam(weights.values(), lr=1e-2)
    case["objectives"] = []
    for _ in range(10):
        optimizer.zero_grad()
        objective = terms_of(case, weights, x, noise)[2]
        objective.backward()
        optimizer.step()
        case["objectives"].append(objective.item())
    case["weights_after"] = {name: flat(w) for name, w in weights.items()}
    return case


def model_cases():
    likelihoods = [("bernoulli", "auto"), ("continuous_bernoulli", "auto"), ("gaussian", "0.5"),
                   ("gaussian", "learned"), ("gaussian", "per_dimension")]
    for likelihood, sigma in likelihoods:
        yield {"model": "ae", "likelihood": likelihood, "sigma": sigma, "estimator": "sgvb_b",
               "samples": 1, "beta": 1.0, "kl_weight": 1.0}
        for model, beta in (("vae", 1.0), ("beta_vae", 4.0)):
            for estimator, samples in (("sgvb_a", 3), ("sgvb_b", 1), ("sgvb_b", 2)):
                if samples == 2 and sigma != "learned":
                    continue
                yield {"model": model, "likelihood": likelihood, "sigma": sigma, "estimator": estimator,
                       "samples": samples, "beta": beta, "kl_weight": 0.25}


def write_models():
    draw = torch.Generator().manual_seed(1)
    x = torch.rand((B, D), generator=draw).float().double()
    noise = torch.randn((B, 3, Z), generator=draw).float().double()
    cases = [fill_in(case, x, noise) for case in model_cases()]
    document = {"torch": torch.__version__, "batch": B, "values": D, "hidden": H, "latent": Z,
                "min_sigma": MIN_SIGMA, "initial_sigma": INITIAL_SIGMA, "learning_rate": 1e-2,
                "x": flat(x), "noise": flat(noise), "cases": cases}
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
