"""A network of the space `enas_macro`, written by enasc.

Space         classes=10 layers=6 width=8 ch=3 size=16
Decisions     of hash 74cd735c846f0b11
Architecture  h[1].f=sep5 h[1].skips={} h[2].f=conv5 h[2].skips={0} h[3].f=sep3
              h[3].skips={0} h[4].f=sep3 h[4].skips={1,2} h[5].f=conv3 h[5].skips={0,1}
              h[6].f=conv3 h[6].skips={0,1,2}
Parameters    4 816
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")


class ConvBn(nn.Module):
    """`conv_bn` of the space."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding="same", bias=False)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class Sbr(nn.Module):
    """`sbr` of the space, 3 times."""

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            8, 8, kernel_size, padding="same", groups=8, bias=False
        )
        self.conv = nn.Conv2d(8, 8, 1, bias=False)
        self.bn = nn.BatchNorm2d(8, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(self.depthwise(x))))


class SepBranch(nn.Module):
    """`branch` of the space, 3 times."""

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.sbr = Sbr(kernel_size=kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.sbr(F.relu(self.bn(self.conv(x))))


class Cbr(nn.Module):
    """`cbr` of the space, 3 times."""

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, kernel_size, padding="same", bias=False)
        self.bn = nn.BatchNorm2d(8, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class ConvBranch(nn.Module):
    """`branch` of the space, 3 times."""

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.cbr = Cbr(kernel_size=kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.cbr(F.relu(self.bn(self.conv(x))))


class FactorizedReduce(nn.Module):
    """`factorized_reduce` of the space, 7 times."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 4, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(8, 4, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        conv_2 = self.conv_2(F.pad(x, (-1, 1, -1, 1)))
        return self.bn(torch.cat([self.conv(x), conv_2], dim=1))


class EnasMacro(nn.Module):
    """A network of the space `enas_macro`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_bn = ConvBn()
        self.h1_f = SepBranch(kernel_size=5)
        self.h2_f = ConvBranch(kernel_size=5)
        self.h2_bn = nn.BatchNorm2d(8)
        self.h2_v0_factorized_reduce = FactorizedReduce()
        self.h2_v1_factorized_reduce = FactorizedReduce()
        self.h2_v2_factorized_reduce = FactorizedReduce()
        self.h3_f = SepBranch(kernel_size=3)
        self.h3_bn = nn.BatchNorm2d(8)
        self.h4_f = SepBranch(kernel_size=3)
        self.h4_bn = nn.BatchNorm2d(8)
        self.h4_v0_factorized_reduce = FactorizedReduce()
        self.h4_v1_factorized_reduce = FactorizedReduce()
        self.h4_v2_factorized_reduce = FactorizedReduce()
        self.h4_v4_factorized_reduce = FactorizedReduce()
        self.h5_f = ConvBranch(kernel_size=3)
        self.h5_bn = nn.BatchNorm2d(8)
        self.h6_f = ConvBranch(kernel_size=3)
        self.h6_bn = nn.BatchNorm2d(8)
        self.linear = nn.Linear(8, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 16, 16) -> y (B, 10)."""
        x = self.conv_bn(x)
        h1 = self.h1_f(x)
        h2 = self.h2_bn(self.h2_f(h1) + x)
        x = self.h2_v0_factorized_reduce(x)
        h2_v1 = self.h2_v1_factorized_reduce(h1)
        h2_v2 = self.h2_v2_factorized_reduce(h2)
        h3 = self.h3_bn(self.h3_f(h2_v2) + x)
        h4 = self.h4_bn(self.h4_f(h3) + h2_v1 + h2_v2)
        x = self.h4_v0_factorized_reduce(x)
        h4_v1 = self.h4_v1_factorized_reduce(h2_v1)
        h5 = self.h5_bn(self.h5_f(self.h4_v4_factorized_reduce(h4)) + x + h4_v1)
        y = self.h6_f(h5) + x + h4_v1 + self.h4_v2_factorized_reduce(h2_v2)
        h6 = self.h6_bn(y)
        return self.linear(h6.mean((-2, -1)))


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


def load(path: str | Path | None = None) -> EnasMacro:
    """The network with its weights, which lie beside this file; it evaluates."""
    model = EnasMacro()
    model.load_state_dict(read_safetensors(path or WEIGHTS))
    return model.eval()


if __name__ == "__main__":
    network = load()
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{count} parameters")
    with torch.no_grad():
        print(network(torch.zeros(1, 3, 16, 16)))
