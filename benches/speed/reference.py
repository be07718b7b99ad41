"""The reference of `make bench` and `make gpu-check`: what `main.rs` does, in eager
PyTorch. `reference.py TASK FILE [DEVICE [PRECISION]]`.

Written as one would write it: images channels first, only the path of the sampled
architecture is run, `foreach` optimisers, the controller samples one architecture
after another as the authors' code does. Parameters and minibatch are read from the
file that the Rust side wrote, under its names; `main.rs` says what is answered.
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

LR = 1e-3
SAMPLES = 20


def load(file, device):
    """The tensors of a safetensors file, by name."""
    data = Path(file).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    kinds = {"F32": torch.float32, "I64": torch.int64}

    def tensor(dtype, shape, data_offsets):
        begin, end = data_offsets
        numbers = bytearray(data[start + begin : start + end])
        return torch.frombuffer(numbers, dtype=kinds[dtype]).reshape(shape).to(device)

    return {name: tensor(**entry) for name, entry in header.items()}


def architectures(task):
    lines = Path(__file__).with_name("architectures.txt").read_text().splitlines()
    return [
        [int(number) for number in line.split()[1:]]
        for line in lines
        if line.startswith(task + " ")
    ]


class Weights:
    """Shared weights and a minibatch; a subclass has the network."""

    clip = 0.0
    precision = "f32"

    def __init__(self, task, state, **sgd):
        self.input, self.targets = state.pop("input"), state.pop("targets")
        self.state = state
        trained = [
            tensor.requires_grad_()
            for name, tensor in state.items()
            if not name.endswith((".mean", ".variance"))
        ]
        self.architectures = architectures(task)
        self.optimiser = torch.optim.SGD(trained, lr=LR, foreach=True, **sgd)

    def bn(self, x, name, eps=1e-5):
        s = self.state
        return F.batch_norm(
            x,
            s[name + ".mean"],
            s[name + ".variance"],
            s[name + ".scale"],
            s[name + ".offset"],
            training=True,
            momentum=0.1,
            eps=eps,
        )

    def conv(self, x, name, stride=1):
        kernel = self.state[name + ".weight"]
        return F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)

    def depthwise(self, x, name):
        kernel = self.state[name + ".weight"]
        return F.conv2d(x, kernel, padding=kernel.shape[-1] // 2, groups=len(kernel))

    def factorized_reduce(self, x, name):
        a = self.conv(x, name + ".conv", stride=2)
        b = self.conv(F.pad(x, (-1, 1, -1, 1)), name + ".conv#2", stride=2)
        return self.bn(torch.cat([a, b], 1), name + ".bn")

    def loss(self, number):
        architecture = self.architectures[number % len(self.architectures)]
        half = self.precision == "bf16"
        with torch.autocast(self.input.device.type, torch.bfloat16, enabled=half):
            logits = self.network(self.input, architecture).flatten(0, -2)
        return F.cross_entropy(logits.float(), self.targets.flatten())

    @torch.no_grad()
    def losses(self):
        return [self.loss(number).item() for number in range(len(self.architectures))]

    def step(self, number):
        loss = self.loss(number)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if not loss.is_cuda:  # there it would be waited for
            assert loss.isfinite().item()
        if self.clip > 0:
            used = [p for p in self.state.values() if p.grad is not None]
            torch.nn.utils.clip_grad_norm_(used, self.clip, foreach=True)
        self.optimiser.step()


def avg_pool(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def max_pool(x):
    return F.max_pool2d(x, 3, 1, 1)


class Micro(Weights):
    layers, nodes, width = 6, 5, 20

    def __init__(self, state):
        super().__init__("micro", state, momentum=0.9, nesterov=True, weight_decay=2e-4)

    def sep_conv(self, x, name, p):
        for stack in "", "#2":
            x = self.depthwise(F.relu(x), f"{name}.depthwise{stack}@{p}")
            x = self.bn(self.conv(x, f"{name}.conv{stack}@{p}"), f"{name}.bn{stack}@{p}")
        return x

    def operation(self, x, name, op, p):
        if op == 0:
            return self.sep_conv(x, f"{name}.sep3.sep_conv", p)
        if op == 1:
            return self.sep_conv(x, f"{name}.sep5.sep_conv", p)
        return [avg_pool, max_pool, lambda x: x][op - 2](x)

    def fit(self, x, name, width):
        if x.shape[1] == width:
            return x
        return self.bn(self.conv(F.relu(x), name + ".relu_conv_bn.conv"), name + ".relu_conv_bn.bn")

    def cell(self, a, b, name, width, tokens):
        t = [self.fit(a, name + ".fit", width), self.fit(b, name + ".fit#2", width)]
        loose = set(range(2 + self.nodes))
        for i in range(self.nodes):
            p, f, q, g = tokens[4 * i : 4 * i + 4]
            node = f"{name}.t[{i + 2}]"
            t.append(
                self.operation(t[p], node + ".f", f, p) + self.operation(t[q], node + ".g", g, q)
            )
            loose -= {p, q}
        total = sum(self.conv(F.relu(t[v]), f"{name}.conv@{v}") for v in sorted(loose))
        return self.bn(total, name + ".bn")

    def network(self, x, tokens):
        normal, reduction = tokens[: 4 * self.nodes], tokens[4 * self.nodes :]
        width = self.width
        stem = self.bn(self.conv(x, "conv_bn.conv"), "conv_bn.bn")
        a = b = stem
        for l in range(self.layers + 2):
            if l in (self.layers // 3, 2 * self.layers // 3 + 1):
                width *= 2
                r = self.factorized_reduce(b, f"l={l}.factorized_reduce")
                s = self.factorized_reduce(F.relu(b), f"l={l}.factorized_reduce#2")
                a, b = r, self.cell(s, r, f"l={l}.reduce", width, reduction)
            else:
                a, b = b, self.cell(a, b, f"l={l}.normal", width, normal)
        return F.linear(F.relu(b).mean((2, 3)), self.state["head.linear.weight"])


class Macro(Weights):
    layers = 12
    operations = "conv3 sep3 conv5 sep5 avg3 max3".split()

    def __init__(self, state):
        super().__init__("macro", state, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def operation(self, x, name, op):
        x = F.relu(self.bn(self.conv(x, name + ".conv"), name + ".bn"))
        if op == 4:
            return avg_pool(x)
        if op == 5:
            return max_pool(x)
        name += ".sbr" if op % 2 else ".cbr"
        if op % 2:
            x = self.depthwise(x, name + ".depthwise")
        return F.relu(self.bn(self.conv(x, name + ".conv"), name + ".bn", eps=1e-3))

    def network(self, x, tokens):
        h = [self.bn(self.conv(x, "conv_bn.conv"), "conv_bn.bn")]
        at = 0
        for l in range(1, self.layers + 1):
            op, skips = tokens[at], tokens[at + 1 : at + l]
            at += l
            result = self.operation(h[l - 1], f"h[{l}].f.{self.operations[op]}.branch", op)
            if l > 1:
                result = sum((v for v, bit in zip(h, skips) if bit), result)
                result = self.bn(result, f"h[{l}].bn")
            h.append(result)
            if l in (self.layers // 3, 2 * self.layers // 3):
                h = [
                    self.factorized_reduce(v, f"h[{l}].v={i}.factorized_reduce")
                    for i, v in enumerate(h)
                ]
        return F.linear(h[-1].mean((2, 3)), self.state["linear.weight"])


class Recurrent(Weights):
    """The cell of the authors' first code, with batch norm of every node."""

    clip = 10.0
    activations = "tanh relu identity sigmoid".split()

    def __init__(self, state):
        super().__init__("recurrent", state, weight_decay=2e-7)

    def node(self, s, x, weight, norm, activation):
        u, t = self.bn(F.linear(x, weight), norm, eps=1.0).chunk(2, -1)
        return s + torch.sigmoid(t) * (self.activate(u, activation) - s)

    def activate(self, u, activation):
        return [torch.tanh, torch.relu, lambda u: u, torch.sigmoid][activation](u)

    def cell(self, x, s, tokens):
        first, rest = tokens[0], tokens[1:]
        name = self.activations[first]
        h = [
            self.node(
                s, torch.cat([x, s], -1), self.state[f"Cell.linear@{name}.weight"], "Cell.bn", first
            )
        ]
        loose = {0}
        for l, (p, f) in enumerate(zip(rest[::2], rest[1::2]), 1):
            weight = self.state[f"Cell.h[{l}].linear@{p},{self.activations[f]}.weight"]
            h.append(self.node(h[p], h[p], weight, f"Cell.h[{l}].bn", f))
            loose = loose - {p} | {l}
        mean = sum(h[v] for v in sorted(loose)) / len(loose)
        return self.bn(mean, "Cell.bn#2", eps=1.0)

    def network(self, tokens, architecture):
        matrix = self.state["embed.weight"]
        embedded = F.embedding(tokens, matrix)
        state = torch.zeros_like(embedded[0])
        states = []
        for x in embedded.unbind(0):
            state = self.cell(x, state, architecture)
            states.append(state)
        return F.linear(torch.stack(states), matrix)


class Controller:
    """The macro space's: one architecture after another."""

    layers, temperature, bound, rate = 12, 5.0, 2.5, 0.4
    skip_weight, entropy_weight, decay = 0.8, 1e-4, 0.99

    def __init__(self, state):
        self.state = {name: tensor.requires_grad_() for name, tensor in state.items()}
        self.table = [name for name in state if name.endswith(".softmax")][0][: -len(".softmax")]
        self.architectures = architectures("macro")
        self.optimiser = torch.optim.Adam(self.state.values(), lr=3.5e-3, foreach=True)
        self.baseline = 0.0

    def lstm(self, x, h, c):
        i, f, o, g = (torch.cat([x, h], 1) @ self.state["lstm"]).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def shape(self, logits):
        return self.bound * torch.tanh(logits / self.temperature)

    def sample(self, tokens=None):
        """Log-probability, entropy and divergence from the skip rate of a sample, or of `tokens`."""
        s = self.state
        start = x = s["g_emb"]
        h = c = torch.zeros_like(x)
        h, c = self.lstm(x, h, c)  # the stem's anchor
        x = start
        anchors, keys = [h], [h @ s["attention.w1"]]
        log_prob, entropy, divergence = 0.0, 0.0, 0.0
        at = 0
        for l in range(1, self.layers + 1):
            h, c = self.lstm(x, h, c)
            log_probs = F.log_softmax(self.shape(h @ s[self.table + ".softmax"]), 1)
            if tokens is None:
                op = torch.multinomial(log_probs.detach().exp(), 1)[0]
            else:
                op = torch.tensor([tokens[at]])
            log_prob = log_prob + log_probs[0, op]
            fixed = log_probs.detach()
            entropy = entropy - (fixed.exp() * fixed).sum()
            x = F.embedding(op, s[self.table + ".embedding"])
            h, c = self.lstm(x, h, c)
            if l > 1:
                query = h @ s["attention.w2"]
                raw = torch.tanh(torch.cat(keys[: l - 1]) + query) @ s["attention.v"]
                q = self.shape(raw)[:, 0]
                log_probs = F.log_softmax(torch.stack([-q, q], 1), 1)
                if tokens is None:
                    bits = torch.multinomial(log_probs.detach().exp(), 1)[:, 0]
                else:
                    bits = torch.tensor(tokens[at + 1 : at + l])
                log_prob = log_prob + log_probs.gather(1, bits[:, None]).sum()
                fixed = log_probs.detach()
                entropy = entropy - (fixed.exp() * fixed).sum()
                prior = torch.tensor([1 - self.rate, self.rate]).log()
                divergence = divergence + (log_probs.exp() * (log_probs - prior)).sum()
                weights = bits.to(h.dtype)[None]
                x = weights @ torch.cat(anchors[: l - 1]) / (1 + weights.sum())
            else:
                x = start
            anchors.append(h)
            keys.append(h @ s["attention.w1"])
            at += l
        return log_prob, entropy, divergence / (self.layers - 1)

    @torch.no_grad()
    def losses(self):
        return [
            (self.skip_weight * divergence - log_prob).item()
            for log_prob, _, divergence in map(self.sample, self.architectures)
        ]

    def step(self, number):
        loss = 0.0
        for index in range(SAMPLES):
            log_prob, entropy, divergence = self.sample()
            reward = index / 20 + self.entropy_weight * entropy.item()
            self.baseline -= (1 - self.decay) * (self.baseline - reward)
            loss = loss - log_prob * (reward - self.baseline) + self.skip_weight * divergence
        self.optimiser.zero_grad(set_to_none=True)
        (loss / SAMPLES).backward()
        self.optimiser.step()


TASKS = {"micro": Micro, "macro": Macro, "recurrent": Recurrent, "controller": Controller}


def main(task, file, device="cpu", precision="f32"):
    # The controller runs on the CPU, wherever the weights are.
    Weights.precision = precision
    training = TASKS[task](load(file, "cpu" if task == "controller" else device))
    print("ready", flush=True)
    for line in sys.stdin:
        match line.strip():
            case "losses":
                print(*training.losses(), flush=True)
            case "round":
                start = time.perf_counter()
                for number in range(len(training.architectures)):
                    training.step(number)
                if device == "cuda":
                    torch.cuda.synchronize()
                print((time.perf_counter() - start) * 1e3, flush=True)
            case "peak":
                print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
