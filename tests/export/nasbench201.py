"""A network of the space `nasbench201`, written by enasc.

Space         classes=10 c=8 n=3 ch=3 size=16
Decisions     of hash d8ef1f1bc7e19f95
Architecture  Cell.t[1].i=0=conv1 Cell.t[2].i=0=conv1 Cell.t[2].i=1=avg
              Cell.t[3].i=0=none Cell.t[3].i=1=skip Cell.t[3].i=2=conv1
Parameters    31 832
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")


def pad_same(
    x: Tensor, kernel_size: int, stride: int, dilation: int = 1, value: float = 0.0
) -> Tensor:
    """Pads so that windows give ceil(n / stride) results; an odd pixel goes after."""
    pads = []
    for n in reversed(x.shape[2:]):
        covered = (-(-n // stride) - 1) * stride + (kernel_size - 1) * dilation + 1
        total = max(covered - n, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


class Conv2dSame(nn.Conv2d):
    """A convolution that gives ceil(n / stride) results, as TensorFlow's does."""

    def forward(self, x: Tensor) -> Tensor:
        size, stride, dilation = self.kernel_size[0], self.stride[0], self.dilation[0]
        return super().forward(pad_same(x, size, stride, dilation))


class ConvBn(nn.Module):
    """`conv_bn` of the space."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding="same", bias=False)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class ReluConvBn(nn.Module):
    """`relu_conv_bn` of the space, 31 times."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = Conv2dSame(
            in_channels, out_channels, kernel_size, stride=stride, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(F.relu(x)))


class Cell(nn.Module):
    """`Cell` of the space, 9 times."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.t1_i0_conv1 = ReluConvBn(channels, channels, kernel_size=1)
        self.t2_i0_conv1 = ReluConvBn(channels, channels, kernel_size=1)
        self.avg_pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        self.t3_i2_conv1 = ReluConvBn(channels, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        t1_i0 = self.t1_i0_conv1(x)
        t2 = self.t2_i0_conv1(x) + self.avg_pool(t1_i0)
        return t1_i0 + self.t3_i2_conv1(t2)


class Down(nn.Module):
    """`down` of the space, 2 times."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.relu_conv_bn = ReluConvBn(in_channels, channels, kernel_size=3, stride=2)
        self.relu_conv_bn_2 = ReluConvBn(channels, channels, kernel_size=3)
        self.avg_pool = nn.AvgPool2d(2, stride=2)
        self.conv = nn.Conv2d(in_channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        relu_conv_bn_2 = self.relu_conv_bn_2(self.relu_conv_bn(x))
        return relu_conv_bn_2 + self.conv(self.avg_pool(x))


class Head(nn.Module):
    """`head` of the space."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(32, 10, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(F.relu(x).mean((-2, -1)))


class Nasbench201(nn.Module):
    """A network of the space `nasbench201`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_bn = ConvBn()
        self.stage0 = nn.Sequential(*(Cell(8) for _ in range(3)))
        self.stage1_down = Down(8, 16)
        self.stage1 = nn.Sequential(*(Cell(16) for _ in range(3)))
        self.stage2_down = Down(16, 32)
        self.stage2 = nn.Sequential(*(Cell(32) for _ in range(3)))
        self.bn = nn.BatchNorm2d(32)
        self.head = Head()

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 3, 16, 16) -> y (B, 10)."""
        x = self.stage1(self.stage1_down(self.stage0(self.conv_bn(x))))
        return self.head(self.bn(self.stage2(self.stage2_down(x))))


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


def load(path: str | Path | None = None) -> Nasbench201:
    """The network with its weights, which lie beside this file; it evaluates."""
    model = Nasbench201()
    model.load_state_dict(read_safetensors(path or WEIGHTS))
    return model.eval()


if __name__ == "__main__":
    network = load()
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{count} parameters")
    with torch.no_grad():
        print(network(torch.zeros(1, 3, 16, 16)))
