"""Small files of region labels, for the tests."""
import numpy as np
import torch

from regionclip_mm.io.region_label_writer import write_region_labels
from regionclip_mm.io.region_labels import ImageLabels, label_dtype
from regionclip_mm.models.losses import top_k_log_probs

NAMES = ('cat', 'dog', 'bird', 'tree', 'car')


def make_labels(counts=(3, 0, 2), names=NAMES, k=3, storage='float16'):
    """Images of 100 x 80 pixels with so many regions, and their dtype."""
    dtype = label_dtype(k, len(names), storage)
    generator = torch.Generator().manual_seed(0)
    images = []
    for number, count in enumerate(counts):
        corners = torch.rand(count, 4, generator=generator)
        boxes = torch.cat([40 * corners[:, :2], 41 + 39 * corners[:, 2:]], 1)
        found = top_k_log_probs(
            3 * torch.randn(count, len(names), generator=generator), k)
        rows = np.zeros(count, dtype)
        rows['boxes'] = boxes.numpy()
        rows['scores'] = found[1][:, 0].exp().numpy()
        rows['objectness'] = np.linspace(1, 0.5, count)
        for field, values in zip(dtype.names[3:], found):
            rows[field] = values.numpy()
        images.append(ImageLabels(
            dict(id=number, file_name=f'{number}.jpg', width=100, height=80,
                 captions=[f'a cat {number}']), rows))
    return images, dtype


def write_labels(path, counts=(3, 0, 2), names=NAMES, k=3, **about):
    """The same, in files."""
    images, dtype = make_labels(counts, names, k)
    write_region_labels(path, images, sum(counts), names, dtype, about)
    return images
