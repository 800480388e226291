"""Rebuild the sprite atlases from the three emoji packages on npm.

Needs npm, network access and ``pip install resvg-py pillow``; the atlases are
committed, so only somebody who changes the world runs this::

    python projects/emoji_world/tools/build_atlas.py
"""
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import List

import numpy as np
import resvg_py
from PIL import Image

ASSETS = Path(__file__).resolve().parents[1] / 'assets'
PACKAGES = dict(
    noto='emoji-datasource-google@16.0.0',
    twemoji='emoji-datasource-twitter@16.0.0',
    fluent='fluentui-emoji@1.3.0')
SIDE = 64
COLUMNS = 24


def fetch(package: str, folder: Path) -> Path:
    """Download and unpack an npm package, return its content's folder."""
    name = subprocess.run(['npm', 'pack', '--silent', package], cwd=folder,
                          check=True, capture_output=True,
                          text=True).stdout.strip().splitlines()[-1]
    target = folder / name[:-len('.tgz')]
    with tarfile.open(folder / name) as archive:
        archive.extractall(target, filter='data')
    return target / 'package'


def bitmap(package: Path, vendor: str, concept: dict) -> Image.Image:
    """Sprite of emoji-datasource, a 64-px PNG."""
    return Image.open(
        package / 'img' / vendor / '64' / f"{concept['code']}.png")


def vector(package: Path, concept: dict) -> Image.Image:
    """Sprite of Fluent's colour style, rasterised from its SVG."""
    png = resvg_py.svg_to_bytes(
        svg_path=str(package / f"icons/modern/{concept['fluent']}.svg"),
        width=SIDE, height=SIDE, skip_system_fonts=True)
    return Image.open(io.BytesIO(png))


def sheet(sprites: List[Image.Image]) -> Image.Image:
    """Lay sprites out row by row; colours under alpha 0 become 0."""
    rows = -(-len(sprites) // COLUMNS)
    out = Image.new('RGBA', (COLUMNS * SIDE, rows * SIDE))
    for i, sprite in enumerate(sprites):
        sprite = sprite.convert('RGBA')
        sprite.thumbnail((SIDE, SIDE), Image.LANCZOS)
        x = i % COLUMNS * SIDE + (SIDE - sprite.width) // 2
        y = i // COLUMNS * SIDE + (SIDE - sprite.height) // 2
        out.paste(sprite, (x, y))
    pixels = np.array(out)
    pixels[pixels[..., 3] == 0] = 0
    return Image.fromarray(pixels)


def main() -> None:
    concepts = json.loads((ASSETS / 'concepts.json').read_text())
    with tempfile.TemporaryDirectory() as tmp:
        packages = {k: fetch(v, Path(tmp)) for k, v in PACKAGES.items()}
        for style in PACKAGES:
            sprites = []
            for concept in concepts:
                if style == 'fluent':
                    sprites.append(vector(packages[style], concept))
                else:
                    vendor = dict(noto='google', twemoji='twitter')[style]
                    sprites.append(bitmap(packages[style], vendor, concept))
            sheet(sprites).save(ASSETS / f'atlas_{style}.png', optimize=True)


if __name__ == '__main__':
    main()
