#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Other models of the family in PyTorch, eager or with --compile: an importance-weighted
autoencoder, a VAE with the VampPrior, an adversarial autoencoder.

Networks, losses, batches and optimizer constants are those of `isthmus train fashion-mnist --model
iwae`, `--prior vamp` and `--model aae`; settings are those of pytorch.py. What needs no rounding
here does not get any: products of the mixture prior stay float32 under autocast, as in isthmus.
What it reached is, on the test images: the bound of five draws (iwae), the elbo (vamp), minus the
reconstruction term (aae).

Prints one JSON object, schema isthmus.peers/1; remarks go to stderr. Exits with 0 and a reason on
stderr when PyTorch or the data are not there.
"""
import math
import time

import common
import pytorch
from common import say
from pytorch import autocast, functional, torch

ADAM = "fused" if int(torch.__version__.split(".")[0]) >= 2 else "foreach"
LOG_2PI = math.log(2 * math.pi)
DRAWS, COMPONENTS = 5, 500
CRITIC, CRITIC_RATE, CRITIC_PENALTY, ADVERSARIAL_WEIGHT = (256, 256), 3, 5, 2.5


def adam(parameters, rate):
    return torch.optim.Adam(parameters, lr=rate, **{ADAM: True})


def log_likelihood(logits, x):
    """Per row of the logits; x may lack their leading axes."""
    each = functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits),
                                                       reduction="none")
    return -each.sum(-1)


def log_standard(z):
    return -0.5 * (z.square() + LOG_2PI).sum(-1)


def log_normal(z, mean, log_var):
    return -0.5 * ((z - mean).square() * torch.exp(-log_var) + log_var + LOG_2PI).sum(-1)


class Importance(pytorch.Network):
    """Gradient: doubly reparameterized (arXiv:1810.04152), by hand between encoder and decoder."""
    test_draws = 1

    def __init__(self, options, x_train):
        super().__init__(options.preset)
        self.to_heads = options.compiled(lambda x: self.run(self.encoder, x).float())
        self.to_weights = options.compiled(self.weights)
        self.optimizers = [adam(self.parameters(), 1e-3)]

    def weights(self, z, mean, log_var, x):
        logits = self.run(self.decoder, z).float()
        log_w = log_likelihood(logits, x) + log_standard(z) - log_normal(z, mean, log_var)
        v = torch.softmax(log_w.detach(), 0)
        return -(v * log_w).sum(0).mean(), v, log_w

    def step(self, x, options):
        noise = torch.randn(DRAWS, len(x), self.latent)
        with autocast(options):
            mean, log_var = self.to_heads(x).chunk(2, dim=1)
            z = mean + torch.exp(0.5 * log_var) * noise
            leaf = z.detach().requires_grad_()
            loss, v, _ = self.to_weights(leaf, mean.detach(), log_var.detach(), x)
        loss.backward()
        z.backward(v.unsqueeze(-1) * leaf.grad)
        self.optimizers[0].step()

    def figure(self, x):
        mean, log_var = self.run(self.encoder, x).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_var) * torch.randn(DRAWS, len(x), self.latent)
        log_w = self.weights(z, mean, log_var, x)[2]
        return float((torch.logsumexp(log_w, 0) - math.log(DRAWS)).sum())


class Vamp(pytorch.Network):
    test_draws = 10

    def __init__(self, options, x_train):
        super().__init__(options.preset)
        first = x_train[torch.randperm(len(x_train))[:COMPONENTS]]
        self.pseudo = torch.nn.Parameter((first + 0.01 * torch.randn_like(first)).clamp(0, 1))
        self.to_loss = options.compiled(self.negative_elbo)
        self.optimizers = [adam(self.parameters(), 1e-3)]

    def log_prior(self, z):
        mean, log_var = self.run(self.encoder, self.pseudo.clamp(0, 1)).float().chunk(2, dim=1)
        with torch.autocast("cpu", enabled=False):
            precision = torch.exp(-log_var)
            scaled = mean * precision
            constant = (mean * scaled + log_var + LOG_2PI).sum(-1)
            each = z @ scaled.t() - 0.5 * (z.square() @ precision.t() + constant)
        return torch.logsumexp(each, -1) - math.log(COMPONENTS)

    def negative_elbo(self, x, noise):
        mean, log_var = self.run(self.encoder, x).float().chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_var) * noise
        kl = log_normal(z, mean, log_var) - self.log_prior(z)
        return (kl - log_likelihood(self.run(self.decoder, z).float(), x)).mean()

    def step(self, x, options):
        with autocast(options):
            loss = self.to_loss(x, torch.randn(len(x), self.latent))
        loss.backward()
        self.optimizers[0].step()

    def figure(self, x):
        return -float(self.negative_elbo(x, torch.randn(len(x), self.latent))) * len(x)


class Adversarial(pytorch.Network):
    """Two objectives, differentiated at the same weights; codes pass the critic once."""
    test_draws = 1

    def __init__(self, options, x_train):
        super().__init__(options.preset)
        # A point code: half of the heads of the VAE's encoder.
        self.encoder[-1] = torch.nn.Linear(self.encoder[-1].in_features, self.latent)
        torch.nn.init.xavier_uniform_(self.encoder[-1].weight)
        torch.nn.init.zeros_(self.encoder[-1].bias)
        self.critic = self.stack([self.latent, *CRITIC, 1])
        self.own = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.weight = ADVERSARIAL_WEIGHT * math.sqrt(x_train.shape[1])
        self.losses = options.compiled(self.two_losses)
        self.optimizers = [adam(self.own, 1e-3),
                           adam(self.critic.parameters(), 1e-3 * CRITIC_RATE)]

    def reconstruction(self, code, x):
        return -log_likelihood(self.run(self.decoder, code).float(), x).mean()

    def slope(self, drawn):
        """The logits, and their squared gradients by the draws, written out: products that the
        compiler sees, without a second pass of autograd."""
        first, second, last = self.critic
        one = first(drawn)
        two = second(functional.relu(one))
        row = ((last.weight * (two > 0)) @ second.weight * (one > 0)) @ first.weight
        return last(functional.relu(two)).float(), row.float().square().sum(1).mean()

    def two_losses(self, x, drawn):
        code = self.run(self.encoder, x)
        of_code = self.run(self.critic, code).float()
        of_draw, slope = self.slope(drawn)
        told = functional.softplus(-of_draw).mean() + functional.softplus(of_code).mean()
        loss = self.reconstruction(code, x) + self.weight * functional.softplus(-of_code).mean()
        return loss, told + CRITIC_PENALTY / 2 * slope

    def step(self, x, options):
        critic = list(self.critic.parameters())
        with autocast(options):
            loss, told = self.losses(x, torch.randn(len(x), self.latent))
        gradients = [torch.autograd.grad(loss, self.own, retain_graph=True),
                     torch.autograd.grad(told, critic)]
        for optimizer, parameters, values in zip(self.optimizers, (self.own, critic), gradients):
            for parameter, value in zip(parameters, values):
                parameter.grad = value
            optimizer.step()

    def figure(self, x):
        return -float(self.reconstruction(self.run(self.encoder, x), x)) * len(x)


MODELS = {"iwae": Importance, "vae --prior vamp": Vamp, "aae": Adversarial}


def train_epoch(model, x_train, options, first_step):
    order = torch.randperm(len(x_train))
    for start in range(0, len(x_train), options.batch):
        for optimizer in model.optimizers:
            optimizer.zero_grad(set_to_none=True)
        model.step(x_train[order[start:start + options.batch]], options)
        if not first_step:
            first_step.append(time.monotonic() - common.STARTED)


def train(options):
    x_train = torch.from_numpy(common.train_images(options))
    x_test = torch.from_numpy(common.test_images(options))
    epochs, first_step, figures = common.Epochs(options.threads), [], []
    for seed in range(options.seed, options.seed + options.repeats):
        torch.manual_seed(seed)
        model = MODELS[options.model](options, x_train)
        work = lambda: train_epoch(model, x_train, options, first_step)
        begin = time.perf_counter()
        work()
        say(f"seed {seed}: warm-up epoch {time.perf_counter() - begin:.2f} s, not counted")
        for _ in range(1, options.epochs):
            epochs.measure(work)
        with torch.inference_mode():
            total = sum(model.figure(x) for _ in range(model.test_draws) for x in x_test.split(1000))
        figures.append(total / model.test_draws / len(x_test))
        say(f"seed {seed}: test figure {figures[-1]:.2f} nats per item")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    common.report(options, pytorch.engine(options, ADAM), epochs, len(x_train),
                  figures, first_step[0], parameters=parameters)


def main():
    parser = common.arguments(__doc__)
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--compile", action="store_true", help="torch.compile (PyTorch 2)")
    options = parser.parse_args()
    common.check(parser, options)
    if options.compile and not hasattr(torch, "compile"):
        common.skip(f"PyTorch {torch.__version__} has no torch.compile")
    if options.compile:
        # The aae differentiates what was compiled more than once.
        from torch._functorch import config as functorch_config
        functorch_config.donated_buffer = False
    options.compiled = torch.compile if options.compile else (lambda function: function)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    train(options)


if __name__ == "__main__":
    main()
