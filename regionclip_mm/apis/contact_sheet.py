"""One picture of many regions, each with what is around it."""
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..io.files import PathLike, written_whole
from .image_loading import ImageError, load_image

SIDE, TEXT, GAP = 192, 34, 8  # pixels: of a tile, of its two lines, between
AROUND = 2.0  # side of what is shown, in longer sides of the box
BACK, INK, LINE = (250, 250, 250), (20, 20, 20), (230, 30, 60)
LETTERS = 13


class Tile(NamedTuple):
    """A region to draw.

    Attributes:
        image: Path of its image.
        box: (x1, y1, x2, y2) in original pixels.
        lines: At most two of text below it.
    """
    image: str
    box: Sequence[float]
    lines: Sequence[str]


def draw_sheet(tiles: Sequence[Tile], path: PathLike,
               columns: int = 5) -> List[str]:
    """Draw regions in rows, the first on the left of the top.

    Args:
        tiles: At least one.
        path: PNG or JPEG file to write.
        columns: Tiles in a row.

    Returns:
        Paths of images that cannot be read; their tiles are left empty.
    """
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    width, height = SIDE + GAP, SIDE + TEXT + GAP
    sheet = Image.new('RGB', (columns * width + GAP, rows * height + GAP),
                      BACK)
    draw, missing = ImageDraw.Draw(sheet), []
    font = ImageFont.load_default(LETTERS)
    for number, tile in enumerate(tiles):
        x = GAP + number % columns * width
        y = GAP + number // columns * height
        try:
            sheet.paste(region_picture(tile.image, tile.box), (x, y))
        except ImageError:
            missing.append(tile.image)
            draw.text((x, y), 'no such image', INK, font)
        for line, text in enumerate(tile.lines[:2]):
            draw.text((x, y + SIDE + line * TEXT // 2),
                      _fitting(text, font, SIDE), INK, font)
    with written_whole(path) as partial:
        sheet.save(partial, Image.registered_extensions().get(
            str(path)[str(path).rfind('.'):].lower(), 'PNG'))
    return list(dict.fromkeys(missing))


def region_picture(path: str, box: Sequence[float]) -> Image.Image:
    """A box drawn in the part of its image around it, (SIDE, SIDE).

    Raises:
        ImageError: If the image cannot be read.
    """
    image = Image.fromarray(np.ascontiguousarray(load_image(path)[..., ::-1]))
    window = window_of(box)
    scale = SIDE / (window[2] - window[0])
    tile = image.transform((SIDE, SIDE), Image.Transform.EXTENT, window,
                           Image.Resampling.BICUBIC, fillcolor=BACK)
    corners = [(value - window[i % 2]) * scale for i, value in enumerate(box)]
    ImageDraw.Draw(tile).rectangle(corners, outline=LINE, width=2)
    return tile


def window_of(box: Sequence[float]) -> Tuple[float, float, float, float]:
    """The square around a box that is shown, in the same pixels."""
    x1, y1, x2, y2 = box
    half = max(x2 - x1, y2 - y1, 1) * AROUND / 2
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    return x - half, y - half, x + half, y + half


def _fitting(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The end of a text, if it is too long for a line."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f'...{text}') > width:
        text = text[1:]
    return f'...{text}'
