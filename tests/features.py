"""Images and tools of region features, for the tests."""
import json
import runpy
from functools import lru_cache
from pathlib import Path

import cv2
from nano import ROOT, make_image, write_nano


@lru_cache(None)
def tool(name):
    """The function `main` of a tool."""
    return runpy.run_path(str(ROOT / f'tools/{name}.py'))['main']


def write_images(folder, count=5, bad=(3, )):
    """PNG files of various sizes; some are no images."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        image = make_image(60 + 5 * number, 80, number)
        (folder / f'{number}.png').write_bytes(
            b'no image' if number in bad else
            cv2.imencode('.png', image)[1].tobytes())


def write_coco(path, annotations, count=5, root=''):
    """A COCO file of `annotations`, {image number: [(category, box)]}."""
    names = sorted({name for found in annotations.values()
                    for name, _ in found})
    path.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{root}{i}.png') for i in range(count)],
        categories=[dict(id=i, name=name) for i, name in enumerate(names)],
        annotations=[
            dict(id=10 * image + row, image_id=image, bbox=box,
                 category_id=names.index(name), area=1)
            for image, found in annotations.items()
            for row, (name, box) in enumerate(found)])))


def files_in(folder):
    """Path within the folder -> content."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(Path(folder).rglob('*')) if path.is_file()}


def write_detector(folder):
    """Arguments CONFIG and WEIGHTS of one with few proposals."""
    return write_nano(folder, proposals=dict(type='GridProposals',
                                             sizes=(0.5, 1.0)))
