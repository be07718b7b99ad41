"""A network of the space `enas_micro`, written by enasc.

Space         classes=10 layers=6 width=8 ch=3 size=16
Decisions     of hash b768025bf1762baf
Architecture  normal.t[2].p=1 normal.t[2].q=0 normal.t[2].f=id normal.t[2].g=sep3
              normal.t[3].p=0 normal.t[3].q=1 normal.t[3].f=sep5 normal.t[3].g=sep5
              normal.t[4].p=3 normal.t[4].q=1 normal.t[4].f=id normal.t[4].g=max3
              normal.t[5].p=2 normal.t[5].q=2 normal.t[5].f=max3 normal.t[5].g=sep3
              normal.t[6].p=0 normal.t[6].q=5 normal.t[6].f=sep3 normal.t[6].g=max3
              reduce.t[2].p=0 reduce.t[2].q=0 reduce.t[2].f=id reduce.t[2].g=avg3
              reduce.t[3].p=2 reduce.t[3].q=0 reduce.t[3].f=id reduce.t[3].g=sep5
              reduce.t[4].p=1 reduce.t[4].q=1 reduce.t[4].f=avg3 reduce.t[4].g=sep5
              reduce.t[5].p=0 reduce.t[5].q=4 reduce.t[5].f=max3 reduce.t[5].g=id
              reduce.t[6].p=4 reduce.t[6].q=5 reduce.t[6].f=sep5 reduce.t[6].g=sep3
Parameters    76 808
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
        self.conv = nn.Conv2d(3, 24, 3, padding="same", bias=False)
        self.bn = nn.BatchNorm2d(24)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class ReluConvBn(nn.Module):
    """`relu_conv_bn` of the space, 3 times."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(24, 8, 1, bias=False)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(F.relu(x)))


class SepConv(nn.Module):
    """`sep_conv` of the space, 38 times."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels, channels, kernel_size, padding="same", groups=channels, bias=False
        )
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.depthwise_2 = nn.Conv2d(
            channels, channels, kernel_size, padding="same", groups=channels, bias=False
        )
        self.conv_2 = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn_2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn(self.conv(self.depthwise(F.relu(x)))))
        return self.bn_2(self.conv_2(self.depthwise_2(x)))


class Normal(nn.Module):
    """`normal` of the space, 6 times."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.t2_g = SepConv(channels, kernel_size=3)
        self.t3_f = SepConv(channels, kernel_size=5)
        self.t3_g = SepConv(channels, kernel_size=5)
        self.t4_g = nn.MaxPool2d(3, stride=1, padding=1)
        self.t5_f = nn.MaxPool2d(3, stride=1, padding=1)
        self.t5_g = SepConv(channels, kernel_size=3)
        self.t6_f = SepConv(channels, kernel_size=3)
        self.t6_g = nn.MaxPool2d(3, stride=1, padding=1)
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv_2 = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        t2 = b + self.t2_g(a)
        t3 = self.t3_f(a) + self.t3_g(b)
        t4 = t3 + self.t4_g(b)
        t5 = self.t5_f(t2) + self.t5_g(t2)
        t6 = self.t6_f(a) + self.t6_g(t5)
        return self.bn(self.conv(F.relu(t4)) + self.conv_2(F.relu(t6)))


class FactorizedReduce(nn.Module):
    """`factorized_reduce` of the space, 4 times."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(channels, channels, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        conv_2 = self.conv_2(F.pad(x, (-1, 1, -1, 1)))
        return self.bn(torch.cat([self.conv(x), conv_2], dim=1))


class Reduce(nn.Module):
    """`reduce` of the space, 2 times."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.t2_g = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        self.t3_g = SepConv(channels, kernel_size=5)
        self.t4_f = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        self.t4_g = SepConv(channels, kernel_size=5)
        self.max_pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.t6_f = SepConv(channels, kernel_size=5)
        self.t6_g = SepConv(channels, kernel_size=3)
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv_2 = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        t2 = a + self.t2_g(a)
        t3 = t2 + self.t3_g(a)
        t4 = self.t4_f(b) + self.t4_g(b)
        t5 = self.max_pool(a) + t4
        t6 = self.t6_f(t4) + self.t6_g(t5)
        return self.bn(self.conv(F.relu(t3)) + self.conv_2(F.relu(t6)))


class Head(nn.Module):
    """`head` of the space."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(32, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(F.relu(x).mean((-2, -1)))


class EnasMicro(nn.Module):
    """A network of the space `enas_micro`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_bn = ConvBn()
        self.l0_normal_fit = ReluConvBn()
        self.l0_normal_fit_2 = ReluConvBn()
        self.l0_normal = Normal(8)
        self.l1_normal_fit = ReluConvBn()
        self.l1_normal = Normal(8)
        self.l2_factorized_reduce = FactorizedReduce(8, 16)
        self.l2_factorized_reduce_2 = FactorizedReduce(8, 16)
        self.l2_reduce = Reduce(16)
        self.l3_normal = Normal(16)
        self.l4_normal = Normal(16)
        self.l5_factorized_reduce = FactorizedReduce(16, 32)
        self.l5_factorized_reduce_2 = FactorizedReduce(16, 32)
        self.l5_reduce = Reduce(32)
        self.l6_normal = Normal(32)
        self.l7_normal = Normal(32)
        self.head = Head()

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 16, 16) -> y (B, 10)."""
        x = self.conv_bn(x)
        l0 = self.l0_normal(self.l0_normal_fit(x), self.l0_normal_fit_2(x))
        l1 = self.l1_normal(self.l1_normal_fit(x), l0)
        l2_factorized_reduce = self.l2_factorized_reduce(l1)
        l2_factorized_reduce_2 = self.l2_factorized_reduce_2(F.relu(l1))
        l2 = self.l2_reduce(l2_factorized_reduce_2, l2_factorized_reduce)
        l4 = self.l4_normal(l2, self.l3_normal(l2_factorized_reduce, l2))
        l5_factorized_reduce = self.l5_factorized_reduce(l4)
        l5_factorized_reduce_2 = self.l5_factorized_reduce_2(F.relu(l4))
        l5 = self.l5_reduce(l5_factorized_reduce_2, l5_factorized_reduce)
        l7 = self.l7_normal(l5, self.l6_normal(l5_factorized_reduce, l5))
        return self.head(l7)


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


def load(path: str | Path | None = None) -> EnasMicro:
    """The network with its weights, which lie beside this file; it evaluates."""
    model = EnasMicro()
    model.load_state_dict(read_safetensors(path or WEIGHTS))
    return model.eval()


if __name__ == "__main__":
    network = load()
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{count} parameters")
    with torch.no_grad():
        print(network(torch.zeros(1, 3, 16, 16)))
