"""Annotated pictures for people to look at."""
import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
from mmengine.structures import InstanceData

from mmdet.structures import DetDataSample, SampleList
from mmdet.visualization import get_palette
from regionclip_mm.apis import load_image
from regionclip_mm.apis.drawing import (LegibleVisualizer, drawable, magnified,
                                        picture_name, without_bounds_warnings)
from regionclip_mm.apis.selection import distinct

LONGEST = 60  # letters of the words in the name of a folder


def draw(image: np.ndarray, found: InstanceData, score_thr: float,
         path: Path) -> List[str]:
    """Write an image (H, W, 3), BGR, with its best distinct detections.

    Args:
        image: The image; small ones are enlarged.
        found: ``bboxes`` (M, 4) in its pixels, ``scores``, ``labels``,
            ``label_names``, best first.
        score_thr: Least score to draw.
        path: File to write.

    Returns:
        Names of what is drawn.
    """
    found = found[found.scores > score_thr]
    found = found[distinct(found.bboxes)]
    large, sample = magnified(
        image, drawable(DetDataSample(pred_instances=found)))
    visualizer = LegibleVisualizer()
    count = int(found.labels.max()) + 1 if len(found) else 1
    visualizer.dataset_meta = dict(palette=get_palette('random', count))
    path.parent.mkdir(parents=True, exist_ok=True)
    with without_bounds_warnings():
        visualizer.add_datasample(
            'found', large[..., ::-1], sample, draw_gt=False,
            pred_score_thr=score_thr, out_file=str(path))
    return list(found.label_names)


def draw_all(samples: SampleList, score_thr: float,
             folder: Path) -> Dict[str, int]:
    """Draw detections on the images they come from (``img_path``).

    Returns:
        How often each name is drawn.
    """
    used, drawn = set(), Counter()
    for sample in samples:
        drawn.update(draw(
            load_image(sample.img_path), sample.pred_instances, score_thr,
            folder / picture_name(sample.img_path, used)))
    return drawn


def folder_name(words: Sequence[str]) -> str:
    """Name of a folder for the pictures of these words, as cat-pizza-bus.

    It is a legal file name whatever the words are. Where it cannot tell them
    all as they are, it ends with a part of their hash, so that other words
    have another folder.
    """
    name = '-'.join(re.sub('[^a-z0-9]+', '_', word.lower()).strip('_')
                    for word in words)
    if len(name) <= LONGEST and all(
            re.fullmatch('[a-z0-9]+( [a-z0-9]+)*', word) for word in words):
        return name
    digest = hashlib.sha256(
        '\n'.join(words).encode('utf-8', 'surrogatepass')).hexdigest()[:8]
    return f'{name[:LONGEST].strip("_-")}-{digest}'.lstrip('-')
