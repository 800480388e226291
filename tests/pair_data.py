"""Images with captions in all three forms, and ways of reading them."""
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from PIL import Image
from torch.utils.data import DataLoader

from mmdet.registry import DATASETS
from regionclip_mm import datasets  # noqa: F401
from regionclip_mm.engine.data import make_resumable

PIPELINE = [
    dict(type='LoadEncodedImage'), dict(type='RandomCaption'),
    dict(type='RandomChoiceResize', scales=[(40, 16), (40, 20), (40, 24)],
         keep_ratio=True, backend='pillow'),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'shard',
                                          'text'))]


def encoded(seed=0, size=(12, 8), kind='JPEG', mode='RGB', **options):
    """An encoded picture of (width, height)."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(
        buffer, kind, **options)
    return buffer.getvalue()


def tar_of(members) -> bytes:
    """A shard with (name, content) in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def pair(name, caption=None, image=None):
    """The two members of a sample."""
    return [(f'{name}.jpg', encoded() if image is None else image),
            (f'{name}.txt', (f'a {name}' if caption is None else
                             caption).encode())]


def write_shards(folder: Path, shards=4, each=6) -> str:
    """Shards of pairs 's0-0', 's0-1' ...; their pattern."""
    for shard in range(shards):
        (folder / f's{shard}.tar').write_bytes(tar_of(
            [member for number in range(each)
             for member in pair(f's{shard}-{number}')]))
    return str(folder / 's*.tar')


def write_lines(folder: Path, images=8) -> str:
    """A jsonl file of images in the same folder, two captions each."""
    lines = []
    for number in range(images):
        (folder / f'{number}.jpg').write_bytes(encoded(number))
        lines.append(json.dumps(dict(
            image=f'{number}.jpg', caption=[f'a {number}', f'one {number}'])))
    path = folder / 'pairs.jsonl'
    path.write_text('\n'.join(lines))
    return str(path)


def stream_of(pattern, **changes):
    return DATASETS.build(dict(dict(
        type='ImageTextShards', shards=pattern, pipeline=PIPELINE,
        shuffle_buffer=4), **changes))


def loader_of(dataset, workers=0, batch=2, seed=3, **options):
    """A resumable loader of any of the datasets."""
    return make_resumable(DataLoader(
        dataset, batch, num_workers=workers, collate_fn=pseudo_collate,
        **options), seed)


def take(loader, count):
    """(names, captions, pixels) of the next batches."""
    found = []
    while len(found) < count:
        for batch in loader:
            samples = batch['data_samples']
            found.append(([sample.img_id for sample in samples],
                          [sample.text for sample in samples],
                          batch['inputs']))
            if len(found) == count:
                break
    return found


def same(first, second):
    return len(first) == len(second) and all(
        one[:2] == two[:2] and all(map(torch.equal, one[2], two[2]))
        for one, two in zip(first, second))
