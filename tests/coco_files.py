"""Small COCO and LVIS files, and predictions for them, for the tests."""
import json
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import torch
from PIL import Image

SIZE = (96, 128)  # height, width of every image


def make_scenes(names: Sequence[str], images: int = 4,
                seed: int = 0) -> List[dict]:
    """Images with objects: each has `name` and `bbox` (x, y, w, h)."""
    rng = np.random.default_rng(seed)
    scenes = []
    for index in range(images):
        corners = rng.uniform(0, 60, (len(names), 2)).round(1)
        sides = rng.uniform(8, 36, (len(names), 2)).round(1)
        objects = [dict(name=name, bbox=[*map(float, c), *map(float, s)])
                   for name, c, s in zip(names, corners, sides)]
        scenes.append(dict(id=100 + index, objects=objects))
    return scenes


def write_coco(path: Path, scenes: List[dict], ids: Dict[str, int],
               **extra_of_images) -> str:
    """Write scenes with these category ids, in the order of `ids`."""
    height, width = SIZE
    images = [dict(id=s['id'], file_name=f'{s["id"]}.png', height=height,
                   width=width, **extra_of_images) for s in scenes]
    annotations = [
        dict(image_id=s['id'], category_id=ids[o['name']], bbox=o['bbox'],
             area=o['bbox'][2] * o['bbox'][3], iscrowd=o.get('iscrowd', 0))
        for s in scenes for o in s['objects']]
    for number, annotation in enumerate(annotations, 1):
        annotation['id'] = number
    data = dict(images=images, annotations=annotations,
                categories=[dict(id=i, name=n) for n, i in ids.items()])
    path.write_text(json.dumps(data))
    return str(path)


def write_lvis(path: Path, scenes: List[dict], ids: Dict[str, int],
               frequency: Dict[str, str]) -> str:
    """Write an LVIS v1 file; every category is exhaustively annotated."""
    write_coco(path, scenes, ids, not_exhaustive_category_ids=[])
    data = json.loads(path.read_text())
    for category in data['categories']:
        category['frequency'] = frequency[category['name']]
    for image in data['images']:
        name = image.pop('file_name')
        image['coco_url'] = f'http://images.cocodataset.org/val2017/{name}'
        image['neg_category_ids'] = list(ids.values())
    path.write_text(json.dumps(data))
    return str(path)


def write_images(folder: Path, scenes: List[dict]) -> None:
    """Write a grey picture for every scene."""
    folder.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        Image.new('RGB', SIZE[::-1], (128, 128, 128)).save(
            folder / f'{scene["id"]}.png')


def make_predictions(scenes: List[dict], classes: Sequence[str],
                     seed: int = 0) -> List[dict]:
    """Noisy detections, as data samples; labels are places in `classes`."""
    rng = np.random.default_rng(seed)
    samples = []
    for scene in scenes:
        objects = [o for o in scene['objects'] if o['name'] in classes]
        boxes = np.array([o['bbox'] for o in objects]).reshape(-1, 4)
        boxes = boxes + rng.normal(0, 1.5, boxes.shape)
        boxes[:, 2:] += boxes[:, :2]
        labels = np.array([classes.index(o['name']) for o in objects], int)
        confused = rng.random(len(labels)) < 0.3
        labels[confused] = rng.integers(0, len(classes), confused.sum())
        samples.append(as_sample(scene['id'], boxes, labels,
                                 rng.random(len(labels))))
    return samples


def as_sample(img_id: int, boxes: Sequence, labels: Sequence,
              scores: Sequence) -> dict:
    """Detections of an image: boxes (M, 4) xyxy in original pixels."""
    return dict(
        img_id=img_id,
        ori_shape=SIZE,
        pred_instances=dict(
            bboxes=torch.tensor(np.array(boxes)).reshape(-1, 4).float(),
            labels=torch.tensor(np.array(labels, int)),
            scores=torch.tensor(np.array(scores)).float()))


def evaluate(metric, classes_meta: dict, samples: List[dict]) -> dict:
    """Run a metric over data samples."""
    metric.dataset_meta = classes_meta
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(len(samples))
