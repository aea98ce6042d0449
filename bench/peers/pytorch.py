#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The reference networks in PyTorch, eager or with --compile, as fast as PyTorch can be on a CPU.

Same networks, loss, batches and optimizer constants as `isthmus train fashion-mnist`; the data stay
in memory as one scaled tensor, batches are taken by a permutation, the loss is not read back during
an epoch, Adam runs in its foreach (in 2.x fused) form, denormals are flushed. Encoding and sampling
run without gradients, over 10,000 items.

Prints one JSON object, schema isthmus.peers/1; remarks go to stderr. Exits with 0 and a reason on
stderr when PyTorch or the data are not there.
"""
import os
import time

import common
from common import say

os.environ.setdefault("OMP_NUM_THREADS", str(common.CPUS))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Without gradients compiled code may lay out its weights once.
os.environ.setdefault("TORCHINDUCTOR_FREEZING", "1")

try:
    import torch
    from torch.nn import functional
except ImportError as missing:
    common.skip(f"{missing} (Debian: apt install python3-torch)")


class Network(torch.nn.Module):
    """Mean and log-variance come from one layer; an autoencoder has the code alone."""

    def __init__(self, preset):
        super().__init__()
        _, self.latent, self.has_posterior = common.PRESETS[preset]
        encoder, decoder = common.widths(preset)
        self.encoder, self.decoder = self.stack(encoder), self.stack(decoder)

    @staticmethod
    def stack(widths):
        layers = torch.nn.ModuleList(torch.nn.Linear(*pair) for pair in zip(widths, widths[1:]))
        for layer in layers[:-1]:
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        torch.nn.init.xavier_uniform_(layers[-1].weight)
        for layer in layers:
            torch.nn.init.zeros_(layer.bias)
        return layers

    @staticmethod
    def run(layers, values):
        for layer in layers[:-1]:
            values = functional.relu(layer(values))
        return layers[-1](values)

    def layers(self):
        return {"encoder": self.encoder, "decoder": self.decoder}

    def load(self, arrays):
        """Weights by isthmus' names; there a weight is (I, O), or (4, 4, I, O), here it is (O, I),
        or (O, I, 4, 4)."""
        with torch.no_grad():
            for part, layers in self.layers().items():
                for index, layer in enumerate(layers):
                    weight = torch.from_numpy(arrays[f"{part}/{index}/weight"])
                    weight = weight.t() if weight.dim() == 2 else weight.permute(3, 2, 0, 1)
                    layer.weight.copy_(weight)
                    layer.bias.copy_(torch.from_numpy(arrays[f"{part}/{index}/bias"]))

    def terms(self, x, noise):
        """Reconstruction and KL, summed over dimensions and items."""
        code, kl = self.run(self.encoder, x).float(), x.new_zeros(())
        if self.has_posterior:
            mean, log_var = code.chunk(2, dim=1)
            code = mean + torch.exp(0.5 * log_var) * noise
            kl = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum()
        logits = self.run(self.decoder, code).float()
        return functional.binary_cross_entropy_with_logits(logits, x, reduction="sum"), kl


class ConvNetwork(Network):
    """Convolutions before the dense layers, and their mirror image behind them. Images lie channels
    last: so oneDNN convolves fastest, and flattening copies nothing."""

    def __init__(self, preset):
        torch.nn.Module.__init__(self)
        _, self.latent, self.has_posterior = common.PRESETS[preset]
        self.image, (self.side, self.channels) = common.side_of(preset), common.smallest(preset)
        channels = [1, *common.STAGES[preset]]
        self.down = torch.nn.ModuleList(torch.nn.Conv2d(a, b, 4, 2, 1)
                                        for a, b in zip(channels, channels[1:]))
        self.up = torch.nn.ModuleList(torch.nn.ConvTranspose2d(b, a, 4, 2, 1)
                                      for a, b in reversed(list(zip(channels, channels[1:]))))
        self.encoder, self.decoder = (self.stack(widths) for widths in common.widths(preset))
        for layer in (*self.down, *self.up):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        self.to(memory_format=torch.channels_last)

    def layers(self):
        return {"encoder": [*self.down, *self.encoder], "decoder": [*self.decoder, *self.up]}

    def encode(self, x):
        x = x.view(-1, self.image, self.image, 1).permute(0, 3, 1, 2)
        for layer in self.down:
            x = functional.relu(layer(x))
        return super().run(self.encoder, x.permute(0, 2, 3, 1).flatten(1))

    def decode(self, z):
        x = functional.relu(super().run(self.decoder, z))
        x = x.view(-1, self.side, self.side, self.channels).permute(0, 3, 1, 2)
        for layer in self.up[:-1]:
            x = functional.relu(layer(x))
        return self.up[-1](x).permute(0, 2, 3, 1).flatten(1)

    def run(self, layers, values):
        return self.encode(values) if layers is self.encoder else self.decode(values)


def network(preset):
    return (ConvNetwork if preset in common.STAGES else Network)(preset)


def make_optimizer(model, rate):
    if int(torch.__version__.split(".")[0]) >= 2:
        return torch.optim.Adam(model.parameters(), lr=rate, fused=True), "fused"
    return torch.optim.Adam(model.parameters(), lr=rate, foreach=True), "foreach"


def autocast(options):
    return torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16")


def train_epoch(model, terms, optimizer, x_train, options, first_step):
    order = torch.randperm(len(x_train))
    for start in range(0, len(x_train), options.batch):
        x = x_train[order[start:start + options.batch]]
        noise = torch.randn(len(x), model.latent)
        optimizer.zero_grad(set_to_none=True)
        with autocast(options):
            reconstruction, kl = terms(x, noise)
        ((reconstruction + kl) / len(x)).backward()
        optimizer.step()
        if not first_step:
            first_step.append(time.monotonic() - common.STARTED)


def negative_elbo(model, x_test, draws=10):
    """Test -ELBO in nats per item, mean over posterior draws, always in float32."""
    total = 0.0
    with torch.inference_mode():
        for _ in range(draws):
            for x in x_test.split(1000):
                total += float(sum(model.terms(x, torch.randn(len(x), model.latent))))
    return total / draws / len(x_test)


def train(options):
    x_train = torch.from_numpy(common.train_images(options))
    x_test = torch.from_numpy(common.test_images(options))
    epochs, first_step, elbos, adam = common.Epochs(options.threads), [], [], ""
    for seed in range(options.seed, options.seed + options.repeats):
        torch.manual_seed(seed)
        model = network(options.preset)
        if options.weights:
            model.load(common.read_safetensors(options.weights))
        terms = torch.compile(model.terms, dynamic=False) if options.compile else model.terms
        optimizer, adam = make_optimizer(model, 1e-3)
        for epoch in range(options.epochs):
            begin = time.perf_counter()
            work = lambda: train_epoch(model, terms, optimizer, x_train, options, first_step)
            if epoch == 0:
                work()
                say(f"seed {seed}: warm-up epoch {time.perf_counter() - begin:.2f} s, not counted")
            else:
                epochs.measure(work)
        elbos.append(-negative_elbo(model, x_test))
        say(f"seed {seed}: test -elbo {-elbos[-1]:.2f} nats per item")
    common.report(options, engine(options, adam), epochs, len(x_train), elbos,
                  first_step[0] if first_step else None)


def infer(options):
    """Whole passes over 10,000 items: the encoder's output, or the decoder's means. With bf16 the
    weights are bf16, the items and the results float32."""
    x = torch.from_numpy(common.test_images(options))
    model = network(options.preset)
    encodes = options.task != "sample"
    values = x if encodes else torch.randn(len(x), model.latent)
    kind = torch.bfloat16 if options.precision == "bf16" else torch.float32
    layers = (model.to(kind).encoder if encodes else model.to(kind).decoder)

    def forward(v):
        result = model.run(layers, v.to(kind)).float()
        return result if encodes else torch.sigmoid(result)

    forward = torch.compile(forward, dynamic=False) if options.compile else forward
    batches = values.split(options.batch)
    if options.task == "latency":
        batches = batches[:1000]
    epochs = common.Epochs(options.threads)

    def work():
        with torch.inference_mode():
            for batch in batches:
                forward(batch)

    work()
    for _ in range(options.epochs):
        epochs.measure(work)
    common.report(options, engine(options, ""), epochs, sum(len(batch) for batch in batches))


def engine(options, adam):
    settings = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    if adam:
        settings["adam"] = adam
    debian = "/usr/lib/python3/dist-packages" in torch.__file__
    return {"name": "pytorch-compile" if options.compile else "pytorch-eager",
            "version": torch.__version__, "from": "debian" if debian else "pypi",
            "settings": settings}


def main():
    parser = common.arguments(__doc__, ("train", "encode", "sample", "latency"))
    common.add_weights(parser)
    parser.add_argument("--compile", action="store_true", help="torch.compile (PyTorch 2)")
    options = parser.parse_args()
    common.check(parser, options)
    if options.compile and not hasattr(torch, "compile"):
        common.skip(f"PyTorch {torch.__version__} has no torch.compile")
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if options.task == "train":
        train(options)
    else:
        infer(options)


if __name__ == "__main__":
    main()
