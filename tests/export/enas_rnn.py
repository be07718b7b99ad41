"""A network of the space `enas_rnn`, written by enasc.

Space         vocab=50 width=16 n=5
Decisions     of hash 444f28573251f512
Architecture  Cell.f0=identity Cell.h[1].p=0 Cell.h[1].f=sigmoid Cell.h[2].p=0
              Cell.h[2].f=tanh Cell.h[3].p=1 Cell.h[3].f=relu Cell.h[4].p=0
              Cell.h[4].f=sigmoid
Parameters    4 224
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")

State = Tensor


def scan(cell: nn.Module, sequence: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Runs `cell(x, state)` over time: all states, and the last one."""
    states = []
    for x in sequence.unbind(0):
        state = cell(x, state)
        states.append(state)
    return torch.stack(states), state


def highway(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """`highway` of the space."""
    return c + torch.sigmoid(a) * (b - c)


class Cell(nn.Module):
    """One time of the recurrence `Cell`."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(32, 32, bias=False)
        self.bn = nn.BatchNorm1d(32, eps=1.0, momentum=0.001)
        self.h1_linear = nn.Linear(16, 32, bias=False)
        self.h1_bn = nn.BatchNorm1d(32, eps=1.0, momentum=0.001)
        self.h2_linear = nn.Linear(16, 32, bias=False)
        self.h2_bn = nn.BatchNorm1d(32, eps=1.0, momentum=0.001)
        self.h3_linear = nn.Linear(16, 32, bias=False)
        self.h3_bn = nn.BatchNorm1d(32, eps=1.0, momentum=0.001)
        self.h4_linear = nn.Linear(16, 32, bias=False)
        self.h4_bn = nn.BatchNorm1d(32, eps=1.0, momentum=0.001)
        self.bn_2 = nn.BatchNorm1d(16, eps=1.0, momentum=0.001)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        u, v = self.bn(self.linear(torch.cat([x, state], dim=-1))).chunk(2, dim=-1)
        y = highway(v, u, state)
        u, v = self.h1_bn(self.h1_linear(y)).chunk(2, dim=-1)
        h1 = highway(v, torch.sigmoid(u), y)
        u, v = self.h2_bn(self.h2_linear(y)).chunk(2, dim=-1)
        h2 = highway(v, torch.tanh(u), y)
        u, v = self.h3_bn(self.h3_linear(h1)).chunk(2, dim=-1)
        h3 = highway(v, F.relu(u), h1)
        u, v = self.h4_bn(self.h4_linear(y)).chunk(2, dim=-1)
        h4 = highway(v, torch.sigmoid(u), y)
        return self.bn_2((h2 + h3 + h4) / 3)


class EnasRnn(nn.Module):
    """A network of the space `enas_rnn`."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.cell = Cell()
        self.linear = nn.Linear(16, 50, bias=False)
        self.linear.weight = self.embed.weight

    def initial_state(self, batch: int) -> State:
        """The state in which sequences begin: zeros."""
        zeros = next(self.parameters()).new_zeros
        return zeros(batch, 16)

    def forward(
        self, tokens: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """tokens (T, B) -> logits (T, B, 50)."""
        if state is None:
            state = self.initial_state(tokens.shape[1])
        y, state = scan(self.cell, self.embed(tokens), state)
        return self.linear(y), state


def read_safetensors(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by name."""
    data = bytearray(Path(path).read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            flat = torch.frombuffer(data[begin:end], dtype=torch.float32)
            tensors[name] = flat.view(entry["shape"])
    return tensors


def load(path: str | Path | None = None) -> EnasRnn:
    """The network with its weights, which lie beside this file; it evaluates."""
    model = EnasRnn()
    model.load_state_dict(read_safetensors(path or WEIGHTS))
    return model.eval()


if __name__ == "__main__":
    network = load()
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{count} parameters")
    with torch.no_grad():
        print(network(torch.zeros(5, 1, dtype=torch.long))[0])
