"""The seven networks of ENAS once more, in plain loops, as the paper (arXiv:1802.03268)
and its authors' code describe them: what the compiled spaces must agree with.

    python3 tests/networks/forward.py > tests/networks/golden.json

Standard library alone, double precision. No number of a parameter is stored: each
is a sine of the parameter's name and the number's place, here as in the test that
compares (src/train/tests/networks.rs).
"""

import json
import math
from math import exp, log, prod, sqrt, tanh

CLASSES = 10

# --- numbers by formula -------------------------------------------------------


def wave(name, i):
    """A number in -1..1 for the place `i` of what is called `name`."""
    key = 0
    for byte in name.encode():
        key = (31 * key + byte) % 9973
    return math.sin(key + i * i % 7919)


def shaped(values, shape):
    """A flat list as lists in lists."""
    if len(shape) == 1:
        return values
    step = prod(shape[1:])
    return [shaped(values[i : i + step], shape[1:]) for i in range(0, len(values), step)]


class Parameters:
    """The parameters that a network asks for, and the statistics of its batch norms."""

    def __init__(self, training):
        self.training = training
        self.asked = {}
        self.moving = {}

    def weight(self, name, *shape):
        self.asked[name] = prod(shape)
        spread = 2 / sqrt(prod(shape[1:]))
        return shaped([spread * wave(name, i) for i in range(prod(shape))], shape)

    def vector(self, name, n, start, spread):
        self.asked[name] = n
        return [start + spread * wave(name, i) for i in range(n)]

    def normalise(self, columns, name, eps, decay):
        """Batch norm of channels, each a list of its numbers in the whole batch."""
        n = len(columns)
        scale = self.vector(name + ".scale", n, 1, 0.25)
        offset = self.vector(name + ".offset", n, 0, 0.5)
        mean, variance = self.moving.get(name) or (
            self.vector(name + ".mean", n, 0, 0.5),
            self.vector(name + ".variance", n, 3, 1),
        )
        if self.training:
            size = len(columns[0])
            moved_mean, moved_variance = mean, variance
            mean = [sum(c) / size for c in columns]
            variance = [sum((v - m) ** 2 for v in c) / size for c, m in zip(columns, mean)]
            self.moving[name] = (
                [decay * old + (1 - decay) * new for old, new in zip(moved_mean, mean)],
                [
                    decay * old + (1 - decay) * new * size / (size - 1)  # unbiased
                    for old, new in zip(moved_variance, variance)
                ],
            )
        return [
            [(v - m) / sqrt(s + eps) * g + b for v in c]
            for c, m, s, g, b in zip(columns, mean, variance, scale, offset)
        ]


# --- images: image[example][channel][row][column] -----------------------------


def size_of(x):
    return len(x), len(x[0]), len(x[0][0]), len(x[0][0][0])


def each(x, f):
    return [[[[f(v) for v in row] for row in plane] for plane in image] for image in x]


def relu(x):
    return each(x, lambda v: max(v, 0.0))


def add(*terms):
    if isinstance(terms[0], float):
        return sum(terms)
    return [add(*parts) for parts in zip(*terms)]


def concat(*parts):
    return [sum(images, []) for images in zip(*parts)]


def windows(n, k, stride, same=True):
    """The places in 0..n that each window of size `k` covers. SAME leaves ceil(n / stride)
    windows, with half of the padding before and the odd one after; VALID pads nothing."""
    count = -(-n // stride) if same else (n - k) // stride + 1
    before = max((count - 1) * stride + k - n, 0) // 2 if same else 0
    starts = [i * stride - before for i in range(count)]
    return [[(u, s + u) for u in range(k) if 0 <= s + u < n] for s in starts]


def over_windows(plane, k, stride, f, same=True):
    """f of the (u, v, value) of each window's cells that lie inside."""
    rows, columns = (windows(n, k, stride, same) for n in (len(plane), len(plane[0])))
    return [
        [f([(u, v, plane[y][x]) for u, y in ys for v, x in xs]) for xs in columns] for ys in rows
    ]


def correlate(plane, kernel, stride=1):
    f = lambda cells: sum(kernel[u][v] * value for u, v, value in cells)
    return over_windows(plane, len(kernel), stride, f)


def convolve(x, kernels, stride=1):
    """SAME padding, no bias. kernels[out][in][row][column]"""
    return [
        [
            add(*(correlate(plane, k, stride) for plane, k in zip(image, kernel)))
            for kernel in kernels
        ]
        for image in x
    ]


def avg_pool(x, k=3, stride=1, same=True):
    """Divides by the number of cells inside the image."""
    f = lambda cells: sum(value for _, _, value in cells) / len(cells)
    return [[over_windows(plane, k, stride, f, same) for plane in image] for image in x]


def max_pool(x, stride=1):
    f = lambda cells: max(value for _, _, value in cells)
    return [[over_windows(plane, 3, stride, f) for plane in image] for image in x]


def global_pool(x):
    return [[sum(map(sum, plane)) / (len(plane) * len(plane[0])) for plane in image] for image in x]


class Images:
    """The layers of a network of images, with the parameters of its own."""

    def __init__(self, training):
        self.p = Parameters(training)

    def conv(self, x, name, k, c, stride=1):
        return convolve(x, self.p.weight(name + ".weight", c, len(x[0]), k, k), stride)

    def depthwise(self, x, name, k, stride=1):
        kernels = self.p.weight(name + ".weight", len(x[0]), 1, k, k)
        return [[correlate(q, w[0], stride) for q, w in zip(image, kernels)] for image in x]

    def bn(self, x, name, eps=1e-5):
        b, c, h, w = size_of(x)
        columns = [[v for image in x for row in image[i] for v in row] for i in range(c)]
        columns = self.p.normalise(columns, name, eps, 0.9)
        return [
            [shaped(column[i * h * w : (i + 1) * h * w], (h, w)) for column in columns]
            for i in range(b)
        ]

    def relu_conv_bn(self, x, name, k, c):
        return self.bn(self.conv(relu(x), name + ".conv", k, c), name + ".bn")

    def factorized_reduce(self, x, name, c):
        """Even places, and those one further down and right, zero outside."""
        shifted = [
            [[row[1:] + [0.0] for row in plane[1:]] + [[0.0] * len(plane[0])] for plane in image]
            for image in x
        ]
        a = self.conv(x, name + ".conv", 1, c // 2, 2)
        b = self.conv(shifted, name + ".conv#2", 1, c // 2, 2)
        return self.bn(concat(a, b), name + ".bn")

    def linear(self, vectors, name):
        matrix = self.p.weight(name + ".weight", CLASSES, len(vectors[0]))
        return [[dot(row, vector) for row in matrix] for vector in vectors]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


# --- macro ---------------------------------------------------------------------

OPERATIONS = "conv3 sep3 conv5 sep5 avg3 max3".split()


def layers_of(numbers, count):
    """Layer k has an operation and k bits: which outputs before the last it adds."""
    at, layers = 0, []
    for k in range(count):
        bits = numbers[at + 1 : at + 1 + k]
        layers.append((OPERATIONS[numbers[at]], [j for j, bit in enumerate(bits) if bit]))
        at += 1 + k
    assert at == len(numbers)
    return layers


def macro(net, x, numbers, layers, width, **_):
    outs = [net.bn(net.conv(x, "conv_bn.conv", 3, width), "conv_bn.bn")]
    for k, (op, skips) in enumerate(layers_of(numbers, layers)):
        path = f"h[{k + 1}].f.{op}.branch"
        y = relu(net.bn(net.conv(outs[k], path + ".conv", 1, width), path + ".bn"))
        size = int(op[-1])
        if op.startswith("conv"):
            y = net.conv(y, path + ".cbr.conv", size, width)
            y = relu(net.bn(y, path + ".cbr.bn", eps=1e-3))
        elif op.startswith("sep"):
            y = net.depthwise(y, path + ".sbr.depthwise", size)
            y = net.conv(y, path + ".sbr.conv", 1, width)
            y = relu(net.bn(y, path + ".sbr.bn", eps=1e-3))
        else:
            y = avg_pool(y) if op == "avg3" else max_pool(y)
        if k > 0:
            y = net.bn(add(y, *(outs[j] for j in skips)), f"h[{k + 1}].bn")
        outs.append(y)
        if k in (layers // 3 - 1, 2 * (layers // 3) - 1):
            outs = [
                net.factorized_reduce(v, f"h[{k + 1}].v={j}.factorized_reduce", width)
                for j, v in enumerate(outs)
            ]
    return [net.linear(global_pool(outs[-1]), "linear")]


def macro_final(net, x, numbers, layers, width, **_):
    c = width
    outs = [net.bn(net.conv(x, "conv_bn.conv", 3, c), "conv_bn.bn")]
    for k, (op, skips) in enumerate(layers_of(numbers, layers)):
        path = f"h[{k + 1}].f.{op}.branch"
        y = relu(net.relu_conv_bn(outs[k], path + ".relu_conv_bn", 1, c))
        size = int(op[-1])
        if op.startswith("conv"):
            y = net.conv(y, path + ".conv", size, c)
        else:
            assert op.startswith("sep"), "the authors' network has no pools"
            y = net.depthwise(y, path + ".sep.depthwise", size)
            y = net.conv(y, path + ".sep.conv", 1, c)
        y = net.bn(y, path + ".bn")
        if k > 0:
            # One 1x1 convolution of the concatenation; each part of its kernel has a name.
            here = f"h[{k + 1}]"
            names = [here + ".join.conv"] + [f"{here}.join#2.conv@{j}" for j in skips]
            parts = [net.p.weight(name + ".weight", c, c, 1, 1) for name in names]
            kernel = [sum(rows, []) for rows in zip(*parts)]
            joined = relu(concat(y, *(outs[j] for j in skips)))
            y = net.bn(convolve(joined, kernel), here + ".bn")
        outs.append(y)
        if k in (layers // 3 - 1, 2 * (layers // 3) - 1):
            c *= 2
            outs = [
                net.factorized_reduce(v, f"h[{k + 1}].v={j}.factorized_reduce", c)
                for j, v in enumerate(outs)
            ]
    return [net.linear(global_pool(outs[-1]), "linear")]


# --- micro ---------------------------------------------------------------------

NODES = 5
MICRO = "sep3 sep5 avg3 max3 id".split()


def nodes_of(numbers):
    """Of each node (input, operation) twice; and the nodes that no other reads."""
    nodes = [
        [(numbers[i], MICRO[numbers[i + 1]]), (numbers[i + 2], MICRO[numbers[i + 3]])]
        for i in range(0, 4 * NODES, 4)
    ]
    read = {i for node in nodes for i, _ in node}
    return nodes, [i for i in range(NODES + 2) if i not in read]


def sep_conv(net, x, path, k, stride=1, of=""):
    """ReLU, depthwise, pointwise, batch norm: twice; the stride in the first alone."""
    c = len(x[0])
    for stack, stride in ("", stride), ("#2", 1):
        x = net.depthwise(relu(x), f"{path}.depthwise{stack}{of}", k, stride)
        x = net.bn(net.conv(x, f"{path}.conv{stack}{of}", 1, c), f"{path}.bn{stack}{of}")
    return x


def calibrate(net, x, path, c):
    return x if len(x[0]) == c else net.relu_conv_bn(x, path + ".relu_conv_bn", 1, c)


def micro_cell(net, inputs, path, numbers, c):
    nodes, loose = nodes_of(numbers)
    t = [calibrate(net, x, f"{path}.fit{n}", c) for x, n in zip(inputs, ("", "#2"))]
    for node in nodes:
        sides = []
        for (i, op), side in zip(node, "fg"):
            name = f"{path}.t[{len(t)}].{side}.{op}.sep_conv"
            if op.startswith("sep"):
                sides.append(sep_conv(net, t[i], name, int(op[-1]), of=f"@{i}"))
            else:
                sides.append({"avg3": avg_pool, "max3": max_pool, "id": list}[op](t[i]))
        t.append(add(*sides))
    total = add(*(net.conv(relu(t[i]), f"{path}.conv@{i}", 1, c) for i in loose))
    return net.bn(total, path + ".bn")


def micro(net, x, numbers, layers, width, **_):
    normal, reduction = numbers[: 4 * NODES], numbers[4 * NODES :]
    c = width
    before = last = net.bn(net.conv(x, "conv_bn.conv", 3, 3 * c), "conv_bn.bn")
    for l in range(layers + 2):
        if l in (layers // 3, 2 * (layers // 3) + 1):
            c *= 2
            older = net.factorized_reduce(relu(last), f"l={l}.factorized_reduce#2", c)
            before = net.factorized_reduce(last, f"l={l}.factorized_reduce", c)
            last = micro_cell(net, (older, before), f"l={l}.reduce", reduction, c)
        else:
            cell = micro_cell(net, (before, last), f"l={l}.normal", normal, c)
            before, last = last, cell
    return [net.linear(global_pool(relu(last)), "head.linear")]


def micro_final_cell(net, before, last, path, numbers, c, stride):
    nodes, loose = nodes_of(numbers)
    height = len(last[0][0])
    if len(before[0][0]) == height:
        first = calibrate(net, before, path + ".enter.fit", c)
    else:
        first = net.factorized_reduce(relu(before), path + ".enter.factorized_reduce", c)
    second = calibrate(net, last, path + ".fit", c)
    t = [first, net.relu_conv_bn(second, path + ".relu_conv_bn", 1, c)]
    for node in nodes:
        sides = []
        for (i, op), side in zip(node, "fg"):
            step = stride if i < 2 else 1
            name = f"{path}.t[{len(t)}].{side}.{op}"
            if op.startswith("sep"):
                sides.append(sep_conv(net, t[i], name + ".drop_sep.sep_conv", int(op[-1]), step))
            elif op == "id":
                reduce = lambda v: net.factorized_reduce(v, name + ".id.shrink.factorized_reduce", c)
                sides.append(t[i] if step == 1 else reduce(t[i]))
            else:
                sides.append({"avg3": avg_pool, "max3": max_pool}[op](t[i], stride=step))
        t.append(add(*sides))
    for i in loose:
        if len(t[i][0][0]) != height // stride:
            t[i] = net.factorized_reduce(t[i], path + ".shrink.factorized_reduce", c)
    return concat(*(t[i] for i in loose))


def micro_final(net, x, numbers, layers, width, **_):
    normal, reduction = numbers[: 4 * NODES], numbers[4 * NODES :]
    c = width
    before = last = net.bn(net.conv(x, "conv_bn.conv", 3, 3 * c), "conv_bn.bn")
    for l in range(layers + 2):
        if l in (layers // 3, 2 * (layers // 3) + 1):
            c *= 2
            cell = micro_final_cell(net, before, last, f"l={l}.reduce", reduction, c, 2)
        else:
            cell = micro_final_cell(net, before, last, f"l={l}.normal", normal, c, 1)
        before, last = last, cell
        if l == 2 * (layers // 3) + 2:
            path = f"l={l}.aux_head"
            y = avg_pool(relu(last), 5, 3, same=False)
            y = net.bn(net.conv(y, path + ".conv_bn.conv", 1, 128), path + ".conv_bn.bn")
            path += ".full.conv_bn"
            y = relu(net.bn(net.conv(relu(y), path + ".conv", len(y[0][0]), 768), path + ".bn"))
            aux = net.linear(global_pool(y), f"l={l}.aux_head.linear")
    return [net.linear(global_pool(relu(last)), "head.linear"), aux]


# --- the recurrent cell: state[example][unit] -----------------------------------

ACTIVATIONS = {
    "tanh": tanh,
    "relu": lambda v: max(v, 0.0),
    "identity": lambda v: v,
    "sigmoid": lambda v: 1 / (1 + exp(-v)),
}


def recurrent(net, tokens, numbers, width, vocab, searched, **_):
    p, d = net.p, width
    names = list(ACTIVATIONS)

    def bn(vectors, name):
        if not searched:
            return vectors
        columns = [list(column) for column in zip(*vectors)]
        return list(zip(*p.normalise(columns, name, 1.0, 0.999)))

    def highway(inputs, states, path, of, activation):
        """c = sigma(s Wc), z = act(s Wh), c z + (1 - c) s; [Wh | Wc] lies as rows."""
        name = f"{path}.linear@{of}.weight" if searched else f"{path}.linear.weight"
        matrix = p.weight(name, 2 * d, len(inputs[0]))
        packed = bn([[dot(row, x) for row in matrix] for x in inputs], path + ".bn")
        f, gate = ACTIVATIONS[activation], ACTIVATIONS["sigmoid"]
        return [
            [gate(t) * f(u) + (1 - gate(t)) * s for u, t, s in zip(both[:d], both[d:], state)]
            for both, state in zip(packed, states)
        ]

    embedding = p.weight("embed.weight", vocab, d)
    first, rest = names[numbers[0]], numbers[1:]
    states = [[0.0] * d for _ in tokens[0]]
    logits = []
    for now in tokens:
        inputs = [embedding[token] + list(state) for token, state in zip(now, states)]
        h = [highway(inputs, states, "Cell", first, first)]
        loose = {0}
        for l, (i, a) in enumerate(zip(rest[::2], rest[1::2]), 1):
            h.append(highway(h[i], h[i], f"Cell.h[{l}]", f"{i},{names[a]}", names[a]))
            loose = loose - {i} | {l}
        ends = [h[l] for l in sorted(loose)]
        means = [[sum(v) / len(ends) for v in zip(*rows)] for rows in zip(*ends)]
        states = bn(means, "Cell.bn#2")
        logits += [[dot(row, state) for row in embedding] for state in states]
    return [logits]


def recurrent_lm(net, tokens, numbers, width, vocab, **_):
    """The authors' later cell: its first node is given, and all others are its output."""
    p, d = net.p, width
    names = ["tanh", "relu", "sigmoid", "identity"]
    gate = ACTIVATIONS["sigmoid"]

    def highway(inputs, states, name, f):
        matrix = p.weight(name + ".weight", 2 * d, len(inputs[0]))
        packed = [[dot(row, x) for row in matrix] for x in inputs]
        return [
            [s + gate(t) * (f(u) - s) for u, t, s in zip(both[:d], both[d:], state)]
            for both, state in zip(packed, states)
        ]

    embedding = p.weight("embed.weight", vocab, d)
    states = [[0.0] * d for _ in tokens[0]]
    logits = []
    for now in tokens:
        inputs = [embedding[token] + list(state) for token, state in zip(now, states)]
        h = [highway(inputs, states, "Cell.linear", tanh)]
        for l, (i, a) in enumerate(zip(numbers[::2], numbers[1::2]), 1):
            name = f"Cell.h[{l}].linear@{i},{names[a]}"
            h.append(highway(h[i], h[i], name, ACTIVATIONS[names[a]]))
        states = [[sum(v) / len(rows) for v in zip(*rows)] for rows in zip(*h[1:])]
        logits += [[dot(row, state) for row in embedding] for state in states]
    return [logits]


# --- the seven --------------------------------------------------------------------

LAYERS_6 = "0  1 1  2 0 1  3 1 0 1  4 0 1 1 0  5 1 0 0 1 1"
LAYERS_6_FINAL = "3  2 1  1 0 1  0 1 0 1  2 0 1 1 0  3 1 0 0 1 1"
CELLS = (
    "0 0 1 2  2 1 0 4  1 3 3 0  2 2 4 1  0 4 1 1 "  # all five operations; 5, 6 are loose
    "1 4 1 0  1 1 2 3  3 2 1 3  2 0 3 4  1 2 4 1"  # node 0 is loose too
)
CELL = "0  0 1  1 2  0 3  2 1"
LATER_CELL = "0 1  1 2  0 3  3 0"

NETWORKS = [
    ("enas_rnn", recurrent, CELL, dict(vocab=11, width=4, n=5), dict(searched=True)),
    ("enas_rnn_final", recurrent, CELL, dict(vocab=11, width=4, n=5), dict(searched=False)),
    ("enas_rnn_lm", recurrent_lm, LATER_CELL, dict(vocab=11, width=4, n=4), {}),
    ("enas_macro", macro, LAYERS_6, dict(layers=6, width=4, size=12), {}),
    ("enas_macro_final", macro_final, LAYERS_6_FINAL, dict(layers=6, width=2, size=12), {}),
    ("enas_micro", micro, CELLS, dict(layers=3, width=2, size=8), {}),
    ("enas_micro_final", micro_final, CELLS, dict(layers=3, width=2, size=32), {}),
]
TIMES, EXAMPLES = 4, 3
AUX_WEIGHT = 0.4


def cross_entropy(logits, classes):
    """The mean; the target of row i is class 5 i + 1."""
    total = 0.0
    for i, row in enumerate(logits):
        total += log(sum(map(exp, row))) - row[(5 * i + 1) % classes]
    return total / len(logits)


def run(function, numbers, settings, more, training):
    net = Images(training)
    if "vocab" in settings:
        tokens = [i * (i + 3) % settings["vocab"] for i in range(TIMES * EXAMPLES)]
        x, classes = shaped(tokens, (TIMES, EXAMPLES)), settings["vocab"]
    else:
        sizes = (EXAMPLES, 3, settings["size"], settings["size"])
        x, classes = shaped([wave("x", i) for i in range(prod(sizes))], sizes), CLASSES
    outputs = function(net, x, numbers, **settings, **more)
    first, *others = (cross_entropy(logits, classes) for logits in outputs)
    return net.p, {
        "logits": [[round(v, 12) for row in logits for v in row] for logits in outputs],
        "loss": first + AUX_WEIGHT * sum(others),
    }


def golden(space, function, architecture, settings, more):
    numbers = [int(number) for number in architecture.split()]
    _, evaluation = run(function, numbers, settings, more, training=False)
    p, training = run(function, numbers, settings, more, training=True)
    moving = [statistics for name in sorted(p.moving) for statistics in p.moving[name]]
    return {
        "space": space,
        "set": {name: str(value) for name, value in settings.items()},
        "architecture": " ".join(map(str, numbers)),
        "parameters": sum(p.asked.values()),
        "evaluation": evaluation,
        "training": training,
        # The moving means and variances after the training step, summed.
        "moved": [sum(map(sum, moving[part::2])) for part in (0, 1)],
    }


if __name__ == "__main__":
    networks = [json.dumps(golden(*network)) for network in NETWORKS]
    print("[\n" + ",\n".join(networks) + "\n]")
