"""The accuracy of an exported network on the test images of a folder, as `enasc eval`
prints it.

Usage: evaluate.py NETWORK.py FOLDER [SIZE]

NETWORK.py is what `enasc export --weights RUN --to pytorch` wrote, FOLDER what
`--data images:FOLDER` named in the training, SIZE the N of its `size=N`. Needs torch
and Pillow.
"""

import importlib.util
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageOps

BATCH = 500


def module_of(path):
    """The exported file, as the module that it is."""
    spec = importlib.util.spec_from_file_location("network", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pixels(path, channels, size):
    """An image (C, H, W) of bytes, cut to a square of `size` if that is given."""
    image = Image.open(path).convert("RGB" if channels == 3 else "L")
    if size and image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
    width, height = image.size
    flat = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return flat.view(height, width, channels).permute(2, 0, 1)


def main():
    module = module_of(Path(sys.argv[1]))
    folder = Path(sys.argv[2])
    size = int(sys.argv[3]) if len(sys.argv) > 3 else None

    test = next(folder / name for name in ("test", "val") if (folder / name).is_dir())
    # A class is a folder, and its number the place of the name.
    classes = sorted(path for path in test.iterdir() if path.is_dir())
    examples = [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted(name.rglob("*"))
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
    ]
    network = module.load()
    right, loss = 0, 0.0
    with torch.no_grad():
        for start in range(0, len(examples), BATCH):
            paths, labels = zip(*examples[start : start + BATCH])
            images = [pixels(path, len(module.MEAN), size) for path in paths]
            outputs = network(module.normalise(torch.stack(images)))
            # An auxiliary head stands behind the output.
            logits = outputs[0] if isinstance(outputs, tuple) else outputs
            labels = torch.tensor(labels)
            right += (logits.argmax(1) == labels).sum().item()
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
    n = len(examples)
    print(f"test accuracy  {right / n:.4f} on {n} images (loss {loss / n:.4f})")


if __name__ == "__main__":
    main()
